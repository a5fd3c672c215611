-- One month of demo HIS C; {month} is the schema's name, in SQLite a prefix.

CREATE TABLE {month}_dangky (
  maql INTEGER PRIMARY KEY,              -- 18 digits: beyond 2^53
  mabn TEXT NOT NULL, loaibn INTEGER, madoituong INTEGER, doituongkcb INTEGER, ngay TEXT NOT NULL, nhapkhoa TEXT,
  ngayra TEXT, lydo TEXT, lydonhapvien TEXT, chandoanvao TEXT, chandoan TEXT, maicd TEXT, maicdkem TEXT, mayhct TEXT,
  ketqua INTEGER, ttlucrv INTEGER, tainan INTEGER, makp TEXT, mabs TEXT, songay INTEGER, sobenhan TEXT,
  noigioithieu TEXT, sogiaychuyen TEXT, noichuyenden TEXT, sochuyen TEXT, lydochuyen INTEGER, phuongtien TEXT,
  nguoihotong TEXT, chucdanhhotong TEXT, ppdieutri TEXT, tomtatbenhly TEXT, tomtatcls TEXT, loidan TEXT,
  ngayhen TEXT, sogiayhen TEXT, nghitu TEXT, nghiden TEXT, sogiaynghi TEXT, cannang TEXT,
  ketthuc INTEGER, huy INTEGER, ngayud TEXT NOT NULL
);

CREATE TABLE {month}_thebhyt (
  id INTEGER PRIMARY KEY, maql INTEGER NOT NULL, stt INTEGER, sothe TEXT, tungay TEXT, denngay TEXT, madkbd TEXT,
  khuvuc TEXT, ngay5nam TEXT, ngaymienct TEXT
);

CREATE TABLE {month}_chidinh (
  id INTEGER PRIMARY KEY, maql INTEGER NOT NULL, mavp INTEGER NOT NULL, idcha INTEGER, soluong TEXT, ngay TEXT,
  ngayth TEXT, ngaykq TEXT, makp TEXT, mabs TEXT, mabsth TEXT, mamay TEXT, giuong TEXT, cachdung TEXT, vocam INTEGER,
  tuongtrinh TEXT, done INTEGER, huy INTEGER, haophi INTEGER
);

CREATE TABLE {month}_ketqua (id INTEGER PRIMARY KEY, maql INTEGER NOT NULL, idchidinh INTEGER, idchiso INTEGER, giatri TEXT, ngay TEXT);

CREATE TABLE {month}_baocao (
  id INTEGER PRIMARY KEY, maql INTEGER NOT NULL, idchidinh INTEGER, mota TEXT, ketluan TEXT, ngay TEXT, mabs TEXT
);

CREATE TABLE {month}_dienbien (
  id INTEGER PRIMARY KEY, maql INTEGER NOT NULL, ngay TEXT, noidung TEXT, hoichan TEXT, mabs TEXT
);

CREATE TABLE {month}_thanhtoan (id INTEGER PRIMARY KEY, maql INTEGER NOT NULL, sobienlai TEXT, ngay TEXT, huy INTEGER);

CREATE TABLE {month}_thanhtoanct (
  id INTEGER PRIMARY KEY, idthanhtoan INTEGER NOT NULL, maql INTEGER NOT NULL, idchidinh INTEGER NOT NULL, mavp INTEGER,
  ngay TEXT, soluong TEXT, dongia TEXT, dongiabh TEXT, tyle TEXT, muchuong TEXT, bhyttra TEXT, cungchitra TEXT,
  madoituong INTEGER, nguonkhac INTEGER, tiennguonkhac TEXT
);

-- A refund stands in the month it was paid out in, which may be later than the payment's.
CREATE TABLE {month}_hoantra (
  id INTEGER PRIMARY KEY, maql INTEGER NOT NULL, sobienlai TEXT, idchidinh INTEGER, soluong TEXT, bhyttra TEXT,
  cungchitra TEXT, ngay TEXT
);

CREATE INDEX ix_{month}_dangky ON {month}_dangky (ngayud);
CREATE INDEX ix_{month}_thebhyt ON {month}_thebhyt (maql);
CREATE INDEX ix_{month}_chidinh ON {month}_chidinh (maql);
CREATE INDEX ix_{month}_ketqua ON {month}_ketqua (maql);
CREATE INDEX ix_{month}_baocao ON {month}_baocao (maql);
CREATE INDEX ix_{month}_dienbien ON {month}_dienbien (maql);
CREATE INDEX ix_{month}_thanhtoan ON {month}_thanhtoan (maql);
CREATE INDEX ix_{month}_thanhtoanct ON {month}_thanhtoanct (maql);
CREATE INDEX ix_{month}_hoantra ON {month}_hoantra (maql);
