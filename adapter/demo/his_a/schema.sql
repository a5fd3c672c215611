-- Demo HIS A: an invented hospital system in the normalised style (SQL Server), laid down in SQLite.
-- Schema dm becomes the prefix dm_. Decimals are TEXT so that they stay exact, times ISO text; see docs/demo.md.

CREATE TABLE dm_ThamSo (
  Ma TEXT NOT NULL PRIMARY KEY, GiaTri TEXT
);

CREATE TABLE dm_TuDien (
  TuDien_Id INTEGER PRIMARY KEY, Loai TEXT NOT NULL, Ma TEXT, Ten TEXT, TenPhu TEXT, HieuLucTu TEXT,
  HieuLucDen TEXT, TamNgung INTEGER
);

CREATE TABLE dm_DonViHanhChinh (
  Dvhc_Id INTEGER PRIMARY KEY, MaDonVi TEXT, Ten TEXT, Cap INTEGER NOT NULL,
  Cha_Id INTEGER REFERENCES dm_DonViHanhChinh(Dvhc_Id), HieuLucTu TEXT, HieuLucDen TEXT
);

CREATE TABLE dm_CoSoYTe (
  CoSo_Id INTEGER PRIMARY KEY, Ten TEXT, TenTiengAnh TEXT
);

CREATE TABLE dm_KhoaPhong (
  KhoaPhong_Id INTEGER PRIMARY KEY, Ten TEXT, MaTheoQuyDinh TEXT, Cha_Id INTEGER
);

CREATE TABLE dm_NhanVien (
  NhanVien_Id INTEGER PRIMARY KEY, HoTen TEXT, SoChungChi TEXT, ChucVu TEXT, NghiViec INTEGER
);

CREATE TABLE dm_Benh (
  Benh_Id INTEGER PRIMARY KEY, MaIcd TEXT NOT NULL, Ten TEXT, MaYhct TEXT, HieuLucTu TEXT, HieuLucDen TEXT
);

CREATE TABLE dm_DichVu (
  DichVu_Id INTEGER PRIMARY KEY, Ten TEXT, NhomBaoCao TEXT, MaQuyDinh TEXT, MaQuyDinhCu TEXT, NgayDoiMa TEXT,
  MaPtttQt TEXT, MaChiSo TEXT, DonViTinh TEXT, DonGiaBV TEXT, DonGiaBH TEXT, NgayCapNhat TEXT
);

CREATE TABLE dm_ChiSo (
  ChiSo_Id INTEGER PRIMARY KEY, DichVu_Id INTEGER REFERENCES dm_DichVu(DichVu_Id), MaChiSo TEXT, Ten TEXT,
  DonVi TEXT, ThapNhat TEXT, CaoNhat TEXT, GioiTinh TEXT
);

CREATE TABLE dm_DuocPham (
  Duoc_Id INTEGER PRIMARY KEY, LoaiHang TEXT NOT NULL, Ten TEXT, HoatChat TEXT, MaBhyt TEXT, HamLuong TEXT,
  DangBaoChe TEXT, DuongDung_Id INTEGER REFERENCES dm_TuDien(TuDien_Id), SoDangKy TEXT, DonViTinh TEXT,
  MaPpCheBien TEXT, ThuocTinh1 TEXT, ThuocTinh2 TEXT, ThuocTinh3 TEXT, NgayCapNhat TEXT
);

CREATE TABLE dm_ThietBi (
  ThietBi_Id INTEGER PRIMARY KEY, Ten TEXT, MaMay TEXT
);

CREATE TABLE dm_LoaiNguon (
  LoaiNguon TEXT NOT NULL PRIMARY KEY, TenBang TEXT, Nhom TEXT
);

CREATE TABLE BenhNhan (
  BenhNhan_Id INTEGER PRIMARY KEY, MaYTe TEXT NOT NULL, HoTen TEXT NOT NULL, HoTenCu BLOB, GioiTinh TEXT,
  NgaySinh TEXT, NamSinh INTEGER, SoGiayTo TEXT, NgayCapGT TEXT, NoiCapGT TEXT, SoBHXH TEXT, DienThoai TEXT,
  SoNha TEXT, Tinh_Id INTEGER REFERENCES dm_DonViHanhChinh(Dvhc_Id),
  Huyen_Id INTEGER REFERENCES dm_DonViHanhChinh(Dvhc_Id), Xa_Id INTEGER REFERENCES dm_DonViHanhChinh(Dvhc_Id),
  DanToc_Id INTEGER REFERENCES dm_TuDien(TuDien_Id), NgheNghiep_Id INTEGER REFERENCES dm_TuDien(TuDien_Id),
  QuocTich_Id INTEGER REFERENCES dm_TuDien(TuDien_Id), NhomMau TEXT, HoTenCha TEXT, HoTenMe TEXT,
  NguoiGiamHo TEXT, NoiLamViec TEXT, DaGop_Id INTEGER, NgayTao TEXT, NgayCapNhat TEXT
);

CREATE TABLE TienSu (
  TienSu_Id INTEGER PRIMARY KEY, BenhNhan_Id INTEGER NOT NULL REFERENCES BenhNhan(BenhNhan_Id),
  Loai TEXT NOT NULL, NoiDung TEXT, TacNhan TEXT, Benh_Id INTEGER REFERENCES dm_Benh(Benh_Id), Ngay TEXT,
  NgayCapNhat TEXT
);

CREATE TABLE LuotDen (
  LuotDen_Id INTEGER PRIMARY KEY, SoLuotDen TEXT NOT NULL,
  BenhNhan_Id INTEGER NOT NULL REFERENCES BenhNhan(BenhNhan_Id), NgayDen TEXT, ThoiGianDen TEXT NOT NULL,
  DoiTuong_Id INTEGER REFERENCES dm_TuDien(TuDien_Id), DoiTuongKcb_Id INTEGER REFERENCES dm_TuDien(TuDien_Id),
  LyDoDen_Id INTEGER REFERENCES dm_TuDien(TuDien_Id), LyDoDen TEXT, SoTheBHYT TEXT, TheTuNgay TEXT,
  TheDenNgay TEXT, CoSoGioiThieu_Id INTEGER REFERENCES dm_CoSoYTe(CoSo_Id), SoGiayChuyen TEXT, NoiSinhSong TEXT,
  NgayDu5Nam TEXT, NgayMienCCT TEXT, CanNang TEXT, TaiNan_Id INTEGER REFERENCES dm_TuDien(TuDien_Id), Huy INTEGER,
  NgayTao TEXT, NgayCapNhat TEXT NOT NULL
);

CREATE TABLE LuotDen_The (
  Id INTEGER PRIMARY KEY, LuotDen_Id INTEGER NOT NULL REFERENCES LuotDen(LuotDen_Id), ThuTu INTEGER,
  SoTheBHYT TEXT, TuNgay TEXT, DenNgay TEXT, ThuocTinh1 TEXT, NgayCapNhat TEXT
);

CREATE TABLE PhieuKham (
  PhieuKham_Id INTEGER PRIMARY KEY, LuotDen_Id INTEGER NOT NULL REFERENCES LuotDen(LuotDen_Id),
  KhoaPhong_Id INTEGER REFERENCES dm_KhoaPhong(KhoaPhong_Id),
  BacSi_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id), ThoiGianKham TEXT, ThoiGianKetThuc TEXT, ChanDoan TEXT,
  BenhChinh_Id INTEGER REFERENCES dm_Benh(Benh_Id), HuongGiaiQuyet_Id INTEGER REFERENCES dm_TuDien(TuDien_Id),
  ChiDinhCT_Id INTEGER, LoiDan TEXT, NgayHen TEXT, Huy INTEGER, NgayCapNhat TEXT
);

CREATE TABLE PhieuKham_Benh (
  PhieuKham_Id INTEGER NOT NULL REFERENCES PhieuKham(PhieuKham_Id),
  Benh_Id INTEGER NOT NULL REFERENCES dm_Benh(Benh_Id), ThuTu INTEGER, PRIMARY KEY (PhieuKham_Id, Benh_Id)
);

CREATE TABLE SinhHieu (
  SinhHieu_Id INTEGER PRIMARY KEY, LuotDen_Id INTEGER NOT NULL REFERENCES LuotDen(LuotDen_Id), ThoiGian TEXT,
  Mach INTEGER, NhietDo TEXT, HuyetApTren INTEGER, HuyetApDuoi INTEGER, NhipTho INTEGER, CanNang TEXT,
  ChieuCao TEXT
);

CREATE TABLE HoSoNoiTru (
  HoSo_Id INTEGER PRIMARY KEY, SoHoSo TEXT NOT NULL, LuotDen_Id INTEGER NOT NULL REFERENCES LuotDen(LuotDen_Id),
  LoaiHoSo TEXT, ThoiGianVao TEXT, ThoiGianRa TEXT, SoNgayDieuTri INTEGER, ChanDoanVao TEXT, ChanDoanRa TEXT,
  LyDoNhapVien TEXT, BenhChinh_Id INTEGER REFERENCES dm_Benh(Benh_Id), BenhKem TEXT,
  KetQua_Id INTEGER REFERENCES dm_TuDien(TuDien_Id), LoaiRaVien_Id INTEGER REFERENCES dm_TuDien(TuDien_Id),
  CoSoChuyenDen_Id INTEGER REFERENCES dm_CoSoYTe(CoSo_Id),
  KhoaRa_Id INTEGER REFERENCES dm_KhoaPhong(KhoaPhong_Id), PhuongPhapDieuTri TEXT, QuaTrinhBenhLy TEXT,
  TomTatKetQua TEXT, NgayHenTaiKham TEXT, KhoaSo INTEGER, ThoiGianKhoaSo TEXT, NgayCapNhat TEXT NOT NULL
);

CREATE TABLE NamKhoa (
  NamKhoa_Id INTEGER PRIMARY KEY, HoSo_Id INTEGER NOT NULL REFERENCES HoSoNoiTru(HoSo_Id),
  KhoaPhong_Id INTEGER REFERENCES dm_KhoaPhong(KhoaPhong_Id), MaGiuong TEXT, VaoLuc TEXT, RaLuc TEXT, Huy INTEGER
);

CREATE TABLE DienBien (
  DienBien_Id INTEGER PRIMARY KEY, HoSo_Id INTEGER REFERENCES HoSoNoiTru(HoSo_Id),
  PhieuKham_Id INTEGER REFERENCES PhieuKham(PhieuKham_Id), ThoiGian TEXT, NoiDung TEXT, HoiChan TEXT,
  BacSi_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id), NgayCapNhat TEXT
);

CREATE TABLE ChiDinh (
  ChiDinh_Id INTEGER PRIMARY KEY, LuotDen_Id INTEGER NOT NULL REFERENCES LuotDen(LuotDen_Id),
  HoSo_Id INTEGER REFERENCES HoSoNoiTru(HoSo_Id), ThoiGianYeuCau TEXT NOT NULL,
  BacSi_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id),
  NoiYeuCau_Id INTEGER REFERENCES dm_KhoaPhong(KhoaPhong_Id),
  NoiThucHien_Id INTEGER REFERENCES dm_KhoaPhong(KhoaPhong_Id), MaVach TEXT, Huy INTEGER, ThoiGianHuy TEXT,
  NgayCapNhat TEXT
);

CREATE TABLE ChiDinhCT (
  ChiDinhCT_Id INTEGER PRIMARY KEY, ChiDinh_Id INTEGER NOT NULL REFERENCES ChiDinh(ChiDinh_Id),
  DichVu_Id INTEGER NOT NULL REFERENCES dm_DichVu(DichVu_Id), SoLuong TEXT, DonGiaBV TEXT, DonGiaBH TEXT,
  TrangThai TEXT, Huy INTEGER, ThoiGianHuy TEXT, NgayCapNhat TEXT
);

CREATE TABLE KetQua (
  KetQua_Id INTEGER PRIMARY KEY, ChiDinh_Id INTEGER NOT NULL REFERENCES ChiDinh(ChiDinh_Id),
  ChiDinhCT_Id INTEGER REFERENCES ChiDinhCT(ChiDinhCT_Id), ThoiGianThucHien TEXT, ThoiGianKetQua TEXT,
  ThietBi_Id INTEGER REFERENCES dm_ThietBi(ThietBi_Id),
  NguoiThucHien_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id),
  BacSiDoc_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id), MoTa TEXT, MoTaText TEXT, KetLuan TEXT,
  DaDuyet INTEGER, NgayCapNhat TEXT
);

CREATE TABLE KetQuaCT (
  KetQuaCT_Id INTEGER PRIMARY KEY, KetQua_Id INTEGER NOT NULL REFERENCES KetQua(KetQua_Id),
  ChiSo_Id INTEGER REFERENCES dm_ChiSo(ChiSo_Id), GiaTri TEXT, DonVi TEXT, BatThuong TEXT, NgayCapNhat TEXT
);

CREATE TABLE DonThuoc (
  DonThuoc_Id INTEGER PRIMARY KEY, LuotDen_Id INTEGER NOT NULL REFERENCES LuotDen(LuotDen_Id),
  HoSo_Id INTEGER REFERENCES HoSoNoiTru(HoSo_Id), ThoiGianKe TEXT,
  BacSi_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id), SoNgay INTEGER, Huy INTEGER, NgayCapNhat TEXT
);

CREATE TABLE DonThuocCT (
  DonThuocCT_Id INTEGER PRIMARY KEY, DonThuoc_Id INTEGER NOT NULL REFERENCES DonThuoc(DonThuoc_Id),
  Duoc_Id INTEGER NOT NULL REFERENCES dm_DuocPham(Duoc_Id), SoLuong TEXT, LanTrenNgay TEXT, LieuMoiLan TEXT,
  Sang TEXT, Trua TEXT, Chieu TEXT, Toi TEXT, CachDung TEXT, Huy INTEGER
);

CREATE TABLE XuatKho (
  XuatKho_Id INTEGER PRIMARY KEY, DonThuocCT_Id INTEGER REFERENCES DonThuocCT(DonThuocCT_Id),
  ChiDinhCT_Id INTEGER REFERENCES ChiDinhCT(ChiDinhCT_Id),
  Duoc_Id INTEGER NOT NULL REFERENCES dm_DuocPham(Duoc_Id), SoLuong TEXT, DonGiaMua TEXT, TT_Thau TEXT, SoLo TEXT,
  HanDung TEXT, ThoiGianXuat TEXT, KhoaPhong_Id INTEGER REFERENCES dm_KhoaPhong(KhoaPhong_Id)
);

CREATE TABLE PhauThuat (
  PhauThuat_Id INTEGER PRIMARY KEY, ChiDinhCT_Id INTEGER NOT NULL REFERENCES ChiDinhCT(ChiDinhCT_Id), BatDau TEXT,
  KetThuc TEXT, VoCam_Id INTEGER REFERENCES dm_TuDien(TuDien_Id),
  BenhTruoc_Id INTEGER REFERENCES dm_Benh(Benh_Id), BenhSau_Id INTEGER REFERENCES dm_Benh(Benh_Id), TrinhTu TEXT,
  ViTri TEXT, PhauThuatVien_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id)
);

CREATE TABLE QuyetToan (
  QuyetToan_Id INTEGER PRIMARY KEY, SoXacNhan TEXT, LuotDen_Id INTEGER NOT NULL REFERENCES LuotDen(LuotDen_Id),
  HoSo_Id INTEGER REFERENCES HoSoNoiTru(HoSo_Id), Loai TEXT NOT NULL, SoTheBHYT TEXT, ThoiGianXacNhan TEXT,
  ThoiGianDuyet TEXT, TongTienBV TEXT, TongTienBH TEXT, TongBHYTTra TEXT, NguoiBenhCCT TEXT, NguoiBenhTuTra TEXT,
  HuyBoi_Id INTEGER REFERENCES QuyetToan(QuyetToan_Id), ThoiGianHuy TEXT, NgayTao TEXT, NgayCapNhat TEXT NOT NULL
);

CREATE TABLE QuyetToanCT (
  QuyetToanCT_Id INTEGER PRIMARY KEY, QuyetToan_Id INTEGER NOT NULL REFERENCES QuyetToan(QuyetToan_Id),
  LoaiNguon TEXT NOT NULL REFERENCES dm_LoaiNguon(LoaiNguon), Nguon_Id INTEGER NOT NULL,
  NoiDung_Id INTEGER NOT NULL, SoLuong TEXT, DonGiaBV TEXT, DonGiaBH TEXT, BHYTTra TEXT, NguoiBenhCCT TEXT,
  TyLeTT TEXT, MucHuong TEXT, MaKhoa TEXT, MaBacSi TEXT, NgayYL TEXT, NgayKQ TEXT, MaGiuong TEXT, NgayCapNhat TEXT
);

CREATE TABLE NguonKhac (
  Id INTEGER PRIMARY KEY, QuyetToanCT_Id INTEGER NOT NULL REFERENCES QuyetToanCT(QuyetToanCT_Id),
  Nguon TEXT NOT NULL, SoTien TEXT
);

CREATE TABLE GiayRaVien (
  Id INTEGER PRIMARY KEY, HoSo_Id INTEGER NOT NULL REFERENCES HoSoNoiTru(HoSo_Id), SoLuuTru TEXT, NgayCT TEXT,
  SoNgayNghi INTEGER, NghiTu TEXT, NghiDen TEXT, DinhChiThai INTEGER, NguyenNhanDinhChi TEXT, LucDinhChi TEXT,
  TuoiThai INTEGER, GhiChu TEXT, BacSi_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id)
);

CREATE TABLE TreSoSinh (
  Tre_Id INTEGER PRIMARY KEY, HoSoMe_Id INTEGER NOT NULL REFERENCES HoSoNoiTru(HoSo_Id),
  BenhNhanCon_Id INTEGER REFERENCES BenhNhan(BenhNhan_Id), HoTen TEXT, GioiTinh TEXT, SinhLuc TEXT,
  CanNangGam INTEGER, ThuTuCon INTEGER, SoConSong INTEGER, LanSinh INTEGER, MoLayThai INTEGER, Duoi32Tuan INTEGER,
  TinhTrang TEXT, MaTheTam TEXT, NguoiDoDe_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id), SoGCS TEXT,
  QuyenSo TEXT, NgayCT TEXT
);

CREATE TABLE GiayNghi (
  Id INTEGER PRIMARY KEY, LuotDen_Id INTEGER NOT NULL REFERENCES LuotDen(LuotDen_Id), Loai TEXT NOT NULL,
  SoSeri TEXT, SoCT TEXT, MauSo TEXT, SoNgay INTEGER, TuNgay TEXT, DenNgay TEXT, DonVi TEXT, NgayCT TEXT,
  BacSi_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id)
);

CREATE TABLE GiayChuyen (
  Id INTEGER PRIMARY KEY, LuotDen_Id INTEGER NOT NULL REFERENCES LuotDen(LuotDen_Id), SoHoSo TEXT, SoChuyen TEXT,
  CoSoDen_Id INTEGER REFERENCES dm_CoSoYTe(CoSo_Id), LyDo_Id INTEGER REFERENCES dm_TuDien(TuDien_Id),
  DauHieuLamSang TEXT, TinhTrang TEXT, HuongDieuTri TEXT, PhuongTien TEXT, NguoiHoTong TEXT, ChucDanhHoTong TEXT,
  NgayCT TEXT, BacSi_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id)
);

CREATE TABLE GiayHen (
  Id INTEGER PRIMARY KEY, LuotDen_Id INTEGER NOT NULL REFERENCES LuotDen(LuotDen_Id), SoGiay TEXT, NgayHen TEXT,
  NgayCT TEXT, BacSi_Id INTEGER REFERENCES dm_NhanVien(NhanVien_Id)
);

CREATE TABLE ChuongTrinh (
  Id INTEGER PRIMARY KEY, BenhNhan_Id INTEGER NOT NULL REFERENCES BenhNhan(BenhNhan_Id),
  LuotDen_Id INTEGER REFERENCES LuotDen(LuotDen_Id), Loai TEXT NOT NULL, KhoaChiTiet TEXT NOT NULL, GiaTri TEXT
);

CREATE TABLE GiamDinhYKhoa (
  Id INTEGER PRIMARY KEY, BenhNhan_Id INTEGER NOT NULL REFERENCES BenhNhan(BenhNhan_Id), SoBienBan TEXT,
  NgayHop TEXT, NguoiChuTri TEXT, ChucVu INTEGER, NoiDung TEXT
);

CREATE INDEX ix_qt_xn ON QuyetToan (ThoiGianXacNhan);
CREATE INDEX ix_qt_cn ON QuyetToan (NgayCapNhat);
CREATE INDEX ix_qtct ON QuyetToanCT (QuyetToan_Id);
CREATE INDEX ix_luotden_the_luotden_id ON LuotDen_The (LuotDen_Id);
CREATE INDEX ix_phieukham_luotden_id ON PhieuKham (LuotDen_Id);
CREATE INDEX ix_sinhhieu_luotden_id ON SinhHieu (LuotDen_Id);
CREATE INDEX ix_hosonoitru_luotden_id ON HoSoNoiTru (LuotDen_Id);
CREATE INDEX ix_quyettoan_luotden_id ON QuyetToan (LuotDen_Id);
CREATE INDEX ix_chidinh_luotden_id ON ChiDinh (LuotDen_Id);
CREATE INDEX ix_chidinhct_chidinh_id ON ChiDinhCT (ChiDinh_Id);
CREATE INDEX ix_ketqua_chidinhct_id ON KetQua (ChiDinhCT_Id);
CREATE INDEX ix_ketquact_ketqua_id ON KetQuaCT (KetQua_Id);
CREATE INDEX ix_donthuoc_luotden_id ON DonThuoc (LuotDen_Id);
CREATE INDEX ix_donthuocct_donthuoc_id ON DonThuocCT (DonThuoc_Id);
CREATE INDEX ix_xuatkho_donthuocct_id ON XuatKho (DonThuocCT_Id);
CREATE INDEX ix_phauthuat_chidinhct_id ON PhauThuat (ChiDinhCT_Id);
CREATE INDEX ix_nguonkhac_quyettoanct_id ON NguonKhac (QuyetToanCT_Id);
CREATE INDEX ix_dienbien_hoso_id ON DienBien (HoSo_Id);
CREATE INDEX ix_chuongtrinh_luotden_id ON ChuongTrinh (LuotDen_Id);
CREATE INDEX ix_giaynghi_luotden_id ON GiayNghi (LuotDen_Id);
CREATE INDEX ix_giaychuyen_luotden_id ON GiayChuyen (LuotDen_Id);
CREATE INDEX ix_giayhen_luotden_id ON GiayHen (LuotDen_Id);
CREATE INDEX ix_giayravien_hoso_id ON GiayRaVien (HoSo_Id);
CREATE INDEX ix_tresosinh_hosome_id ON TreSoSinh (HoSoMe_Id);
CREATE INDEX ix_namkhoa_hoso_id ON NamKhoa (HoSo_Id);
CREATE INDEX ix_giamdinhykhoa_benhnhan_id ON GiamDinhYKhoa (BenhNhan_Id);
