-- Demo HIS C: an invented hospital system that keeps patients and dictionaries in a root schema (hisc) and events in one
-- schema per month (hisc1126 = November 2026). Laid down in SQLite, where a schema becomes a prefix: hisc_, hisc1126_.
-- Decimals are TEXT so that they stay exact; see docs/demo.md.

CREATE TABLE hisc_thamso (ma TEXT PRIMARY KEY, giatri TEXT);

CREATE TABLE hisc_khoa (makp TEXT PRIMARY KEY, tenkp TEXT, makp_byt TEXT);

CREATE TABLE hisc_bacsi (mabs TEXT PRIMARY KEY, hoten TEXT, chungchi TEXT);

-- services and products share one number space
CREATE TABLE hisc_dichvu (mavp INTEGER PRIMARY KEY, ten TEXT, nhom TEXT, ma_byt TEXT, ma_icd9 TEXT, dvt TEXT);

CREATE TABLE hisc_duoc (
  mavp INTEGER PRIMARY KEY, loai INTEGER, ten TEXT, ma_byt TEXT, hamluong TEXT, dangbaoche TEXT, duongdung INTEGER,
  sodk TEXT, dvt TEXT, tt_thau TEXT, vat TEXT
);

CREATE TABLE hisc_chiso (id INTEGER PRIMARY KEY, mavp INTEGER, ma_byt TEXT, ten TEXT, donvi TEXT);

CREATE TABLE hisc_nguoibenh (
  mabn TEXT PRIMARY KEY, hoten TEXT, ngaysinh TEXT, namsinh INTEGER, phai INTEGER, cmnd TEXT, ngaycap TEXT, noicap TEXT,
  sobhxh TEXT, dienthoai TEXT, sonha TEXT, matinh TEXT, maquan TEXT, maxa TEXT, madantoc TEXT, mann TEXT,
  maquoctich TEXT, nhommau TEXT, hotencha TEXT, hotenme TEXT, nguoigiamho TEXT, noilam TEXT, ngayud TEXT
);
