-- Bảng trung gian cho bhyt-adapter (oracle), bố cục 3176. Sinh bởi: bhyt map staging
-- Staging tables for bhyt-adapter, generated; see docs/mapping/staging.md.

CREATE TABLE BHYT_ENCOUNTER (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,            -- khoá của đợt khám / the encounter's key
  CHANGED_AT TIMESTAMP(3) NOT NULL,             -- ghi sau cùng, mỗi lần sửa / set last, at every change
  INSURED NUMBER(10) DEFAULT 0 NOT NULL,        -- 1 = có thẻ BHYT / has a card
  READY_CHECKIN NUMBER(10) DEFAULT 0 NOT NULL,  -- 1 = đã phát sinh chi phí đầu tiên / first cost has arisen
  READY_TREATING NUMBER(10) DEFAULT 0 NOT NULL, -- 1 = đã phát sinh chi phí tại khoa điều trị / first cost in the treating department
  READY_CLAIM NUMBER(10) DEFAULT 0 NOT NULL,    -- 1 = đã quyết toán / settled
  READY_BOOK NUMBER(10) DEFAULT 0 NOT NULL,     -- 1 = đã kết thúc đợt khám chữa bệnh / visit has ended
  CHECKIN_EXEMPT NUMBER(10) DEFAULT 0 NOT NULL, -- 1 = không phải gửi check-in / no check-in is due
  PRIMARY KEY (MA_LK)
);
CREATE INDEX IX_BHYT_ENCOUNTER_CHANGED ON BHYT_ENCOUNTER (CHANGED_AT);

-- Trạng thái khám chữa bệnh (check-in) / Visit status (check-in)
CREATE TABLE XML0 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,   -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,          -- thứ tự dòng, từ 1 / order of the row, from 1
  OCCASION VARCHAR2(20 CHAR) NOT NULL, -- first_cost | treating_department
  MA_BN VARCHAR2(100 CHAR),            -- Mã người bệnh do cơ sở cấp (bắt buộc / required)
  HO_TEN VARCHAR2(255 CHAR),           -- Họ tên người bệnh (bắt buộc / required)
  SO_CCCD VARCHAR2(1000 CHAR),         -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  NGAY_SINH VARCHAR2(12 CHAR),         -- Ngày giờ sinh (bắt buộc / required)
  GIOI_TINH NUMBER(10),                -- Giới tính (bắt buộc / required)
  MA_THE_BHYT VARCHAR2(15 CHAR),       -- Mã thẻ BHYT 15 ký tự
  MA_DKBD VARCHAR2(5 CHAR),            -- Mã nơi đăng ký KCB ban đầu
  GT_THE_TU VARCHAR2(8 CHAR),          -- Thẻ có giá trị từ ngày
  GT_THE_DEN VARCHAR2(8 CHAR),         -- Thẻ có giá trị đến ngày
  MA_DOITUONG_KCB VARCHAR2(4 CHAR),    -- Mã đối tượng đến khám chữa bệnh (bắt buộc / required)
  NGAY_VAO VARCHAR2(12 CHAR),          -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_VAO_NOI_TRU VARCHAR2(12 CHAR),  -- Thời điểm vào nội trú hoặc ban ngày
  LY_DO_VNT CLOB,                      -- Lý do nhập nội trú
  MA_LY_DO_VNT VARCHAR2(5 CHAR),       -- Mã lý do nhập nội trú
  MA_LOAI_KCB VARCHAR2(2 CHAR),        -- Hình thức khám chữa bệnh (bắt buộc / required)
  MA_DICH_VU VARCHAR2(50 CHAR),        -- DVKT phát sinh chi phí đầu tiên
  TEN_DICH_VU CLOB,                    -- Tên dịch vụ kỹ thuật
  MA_THUOC VARCHAR2(255 CHAR),         -- Thuốc phát sinh chi phí đầu tiên
  TEN_THUOC CLOB,                      -- Tên thuốc
  MA_VAT_TU VARCHAR2(255 CHAR),        -- Vật tư phát sinh chi phí đầu tiên
  TEN_VAT_TU CLOB,                     -- Tên vật tư y tế
  NGAY_YL VARCHAR2(12 CHAR),           -- Y lệnh phát sinh chi phí đầu tiên (bắt buộc / required)
  DU_PHONG CLOB,                       -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Tổng hợp khám chữa bệnh / Visit summary
CREATE TABLE XML1 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,   -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,          -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_BN VARCHAR2(100 CHAR),            -- Mã người bệnh do cơ sở cấp (bắt buộc / required)
  HO_TEN VARCHAR2(255 CHAR),           -- Họ tên người bệnh (bắt buộc / required)
  SO_CCCD VARCHAR2(1000 CHAR),         -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  NGAY_SINH VARCHAR2(12 CHAR),         -- Ngày giờ sinh (bắt buộc / required)
  GIOI_TINH NUMBER(10),                -- Giới tính (bắt buộc / required)
  NHOM_MAU VARCHAR2(5 CHAR),           -- Nhóm máu nếu biết
  MA_QUOCTICH VARCHAR2(3 CHAR),        -- Mã quốc tịch (bắt buộc / required)
  MA_DANTOC VARCHAR2(2 CHAR),          -- Mã dân tộc (bắt buộc / required)
  MA_NGHE_NGHIEP VARCHAR2(2 CHAR),     -- Mã nghề nghiệp (bắt buộc / required)
  DIA_CHI CLOB,                        -- Địa chỉ cư trú hiện tại (bắt buộc / required)
  MATINH_CU_TRU VARCHAR2(3 CHAR),      -- Mã tỉnh nơi cư trú (bắt buộc / required)
  MAHUYEN_CU_TRU VARCHAR2(3 CHAR),     -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU VARCHAR2(5 CHAR),        -- Mã xã nơi cư trú (bắt buộc / required)
  DIEN_THOAI VARCHAR2(15 CHAR),        -- Điện thoại liên hệ
  MA_THE_BHYT VARCHAR2(1000 CHAR),     -- Mã thẻ BHYT 15 ký tự
  MA_DKBD VARCHAR2(1000 CHAR),         -- Mã nơi đăng ký KCB ban đầu
  GT_THE_TU VARCHAR2(1000 CHAR),       -- Thẻ có giá trị từ ngày
  GT_THE_DEN VARCHAR2(1000 CHAR),      -- Thẻ có giá trị đến ngày
  NGAY_MIEN_CCT VARCHAR2(12 CHAR),     -- Thời điểm được miễn cùng chi trả
  LY_DO_VV CLOB,                       -- Lý do đến khám (bắt buộc / required)
  LY_DO_VNT CLOB,                      -- Lý do nhập nội trú
  MA_LY_DO_VNT VARCHAR2(5 CHAR),       -- Mã lý do nhập nội trú
  CHAN_DOAN_VAO CLOB,                  -- Chẩn đoán lúc tiếp nhận (bắt buộc / required)
  CHAN_DOAN_RV CLOB,                   -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  MA_BENH_CHINH VARCHAR2(7 CHAR),      -- Mã bệnh chính ICD-10 (bắt buộc / required)
  MA_BENH_KT VARCHAR2(100 CHAR),       -- Các mã bệnh kèm theo ICD-10
  MA_BENH_YHCT VARCHAR2(150 CHAR),     -- Mã bệnh y học cổ truyền
  MA_PTTT_QT VARCHAR2(125 CHAR),       -- Mã phẫu thuật, thủ thuật ICD-9-CM
  MA_DOITUONG_KCB VARCHAR2(4 CHAR),    -- Mã đối tượng đến khám chữa bệnh (bắt buộc / required)
  MA_NOI_DI VARCHAR2(5 CHAR),          -- Mã cơ sở chuyển người bệnh đến đây
  MA_NOI_DEN VARCHAR2(5 CHAR),         -- Mã cơ sở nhận người bệnh chuyển đi
  MA_TAI_NAN NUMBER(10),               -- Mã tai nạn thương tích
  NGAY_VAO VARCHAR2(12 CHAR),          -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_VAO_NOI_TRU VARCHAR2(12 CHAR),  -- Thời điểm vào nội trú hoặc ban ngày
  NGAY_RA VARCHAR2(12 CHAR),           -- Thời điểm kết thúc lần khám/ra viện (bắt buộc / required)
  GIAY_CHUYEN_TUYEN VARCHAR2(50 CHAR), -- Số giấy chuyển hoặc giấy hẹn
  SO_NGAY_DTRI NUMBER(10),             -- Số ngày điều trị (bắt buộc / required)
  PP_DIEU_TRI CLOB,                    -- Phương pháp điều trị
  KET_QUA_DTRI NUMBER(10),             -- Kết quả điều trị (bắt buộc / required)
  MA_LOAI_RV NUMBER(10),               -- Loại ra viện (bắt buộc / required)
  GHI_CHU CLOB,                        -- Lời dặn / ghi chú
  NGAY_TTOAN VARCHAR2(12 CHAR),        -- Thời điểm thanh toán
  T_THUOC NUMBER(18,2),                -- Tổng tiền thuốc, máu, dịch (bắt buộc / required)
  T_VTYT NUMBER(18,2),                 -- Tổng tiền vật tư y tế (bắt buộc / required)
  T_TONGCHI_BV NUMBER(18,2),           -- Tổng chi theo giá cơ sở (bắt buộc / required)
  T_TONGCHI_BH NUMBER(18,2),           -- Tổng chi trong phạm vi BHYT (bắt buộc / required)
  T_BNTT NUMBER(18,2),                 -- Tiền người bệnh tự trả ngoài phạm vi (bắt buộc / required)
  T_BNCCT NUMBER(18,2),                -- Tiền người bệnh cùng chi trả (bắt buộc / required)
  T_BHTT NUMBER(18,2),                 -- Tiền đề nghị quỹ BHYT trả (bắt buộc / required)
  T_NGUONKHAC NUMBER(18,2),            -- Tiền từ các nguồn khác (bắt buộc / required)
  T_BHTT_GDV NUMBER(18,2),             -- Phần quỹ trả theo giá dịch vụ (bắt buộc / required)
  NAM_QT NUMBER(10),                   -- Năm quyết toán (bắt buộc / required)
  THANG_QT NUMBER(10),                 -- Tháng quyết toán (bắt buộc / required)
  MA_LOAI_KCB VARCHAR2(2 CHAR),        -- Hình thức khám chữa bệnh (bắt buộc / required)
  MA_KHOA VARCHAR2(50 CHAR),           -- Mã khoa (bắt buộc / required)
  MA_KHUVUC VARCHAR2(2 CHAR),          -- Mã vùng sinh sống trên thẻ
  CAN_NANG VARCHAR2(6 CHAR),           -- Cân nặng người bệnh (kg) (bắt buộc / required)
  CAN_NANG_CON VARCHAR2(100 CHAR),     -- Cân nặng con mới sinh (gam)
  NAM_NAM_LIEN_TUC VARCHAR2(8 CHAR),   -- Ngày đủ 5 năm BHYT liên tục
  NGAY_TAI_KHAM VARCHAR2(50 CHAR),     -- Ngày hẹn tái khám
  MA_HSBA VARCHAR2(100 CHAR),          -- Số bệnh án / phiếu khám (bắt buộc / required)
  MA_TTDV VARCHAR2(255 CHAR),          -- Mã thủ trưởng đơn vị ký
  DU_PHONG CLOB,                       -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Chi tiết thuốc / Drugs
CREATE TABLE XML2 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL, -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,        -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_THUOC VARCHAR2(255 CHAR),       -- Mã hoạt chất/thuốc
  MA_PP_CHEBIEN VARCHAR2(255 CHAR),  -- Mã phương pháp chế biến vị thuốc
  MA_CSKCB_THUOC VARCHAR2(10 CHAR),  -- Nguồn thuốc từ cơ sở khác
  MA_NHOM NUMBER(10),                -- Mã nhóm chi phí (bắt buộc / required)
  TEN_THUOC CLOB,                    -- Tên thuốc (bắt buộc / required)
  DON_VI_TINH VARCHAR2(50 CHAR),     -- Đơn vị tính (bắt buộc / required)
  HAM_LUONG CLOB,                    -- Hàm lượng
  DUONG_DUNG VARCHAR2(4 CHAR),       -- Mã đường dùng (bắt buộc / required)
  DANG_BAO_CHE CLOB,                 -- Dạng bào chế
  LIEU_DUNG CLOB,                    -- Liều dùng (bắt buộc / required)
  CACH_DUNG CLOB,                    -- Cách dùng, lời dặn
  SO_DANG_KY VARCHAR2(255 CHAR),     -- Số đăng ký lưu hành
  TT_THAU VARCHAR2(50 CHAR),         -- Thông tin trúng thầu
  PHAM_VI NUMBER(10),                -- Phạm vi hưởng BHYT (bắt buộc / required)
  TYLE_TT_BH NUMBER(10),             -- Tỷ lệ quỹ thanh toán (%) (bắt buộc / required)
  SO_LUONG NUMBER(18,3),             -- Số lượng (bắt buộc / required)
  DON_GIA NUMBER(18,3),              -- Đơn giá thuốc (bắt buộc / required)
  THANH_TIEN_BV NUMBER(18,2),        -- Thành tiền giá cơ sở (bắt buộc / required)
  THANH_TIEN_BH NUMBER(18,2),        -- Thành tiền trong phạm vi BHYT (bắt buộc / required)
  T_NGUONKHAC_NSNN NUMBER(18,2),     -- Nguồn khác: ngân sách nhà nước (bắt buộc / required)
  T_NGUONKHAC_VTNN NUMBER(18,2),     -- Nguồn khác: viện trợ nước ngoài (bắt buộc / required)
  T_NGUONKHAC_VTTN NUMBER(18,2),     -- Nguồn khác: viện trợ trong nước (bắt buộc / required)
  T_NGUONKHAC_CL NUMBER(18,2),       -- Nguồn khác: còn lại (bắt buộc / required)
  T_NGUONKHAC NUMBER(18,2),          -- Tiền từ các nguồn khác (bắt buộc / required)
  MUC_HUONG NUMBER(18,2),            -- Mức hưởng BHYT (%) (bắt buộc / required)
  T_BNTT NUMBER(18,2),               -- Tiền người bệnh tự trả ngoài phạm vi (bắt buộc / required)
  T_BNCCT NUMBER(18,2),              -- Tiền người bệnh cùng chi trả (bắt buộc / required)
  T_BHTT NUMBER(18,2),               -- Tiền đề nghị quỹ BHYT trả (bắt buộc / required)
  MA_KHOA VARCHAR2(50 CHAR),         -- Mã khoa (bắt buộc / required)
  MA_BAC_SI VARCHAR2(255 CHAR),      -- Mã người chỉ định
  MA_DICH_VU VARCHAR2(255 CHAR),     -- Mã DVKT có dùng thuốc này
  NGAY_YL VARCHAR2(12 CHAR),         -- Thời điểm ra y lệnh (bắt buộc / required)
  NGAY_TH_YL VARCHAR2(12 CHAR),      -- Thời điểm thực hiện y lệnh
  MA_PTTT NUMBER(10),                -- Phương thức thanh toán (bắt buộc / required)
  NGUON_CTRA NUMBER(10),             -- Nguồn chi trả thuốc (bắt buộc / required)
  VET_THUONG_TP NUMBER(10),          -- Đánh dấu vết thương tái phát
  DU_PHONG CLOB,                     -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Chi tiết dịch vụ kỹ thuật và vật tư y tế / Services and supplies
CREATE TABLE XML3 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,  -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,         -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_DICH_VU VARCHAR2(50 CHAR),       -- Mã dịch vụ kỹ thuật
  MA_PTTT_QT VARCHAR2(255 CHAR),      -- Mã phẫu thuật, thủ thuật ICD-9-CM
  MA_VAT_TU VARCHAR2(255 CHAR),       -- Mã vật tư y tế
  MA_NHOM NUMBER(10),                 -- Mã nhóm chi phí (bắt buộc / required)
  GOI_VTYT VARCHAR2(3 CHAR),          -- Gói vật tư G1, G2…
  TEN_VAT_TU CLOB,                    -- Tên vật tư y tế
  TEN_DICH_VU CLOB,                   -- Tên dịch vụ kỹ thuật
  MA_XANG_DAU VARCHAR2(20 CHAR),      -- Loại xăng dầu vận chuyển
  DON_VI_TINH VARCHAR2(50 CHAR),      -- Đơn vị tính (bắt buộc / required)
  PHAM_VI NUMBER(10),                 -- Phạm vi hưởng BHYT (bắt buộc / required)
  SO_LUONG NUMBER(18,3),              -- Số lượng (bắt buộc / required)
  DON_GIA_BV NUMBER(18,3),            -- Đơn giá theo cơ sở (bắt buộc / required)
  DON_GIA_BH NUMBER(18,3),            -- Đơn giá BHYT (bắt buộc / required)
  TT_THAU VARCHAR2(50 CHAR),          -- Thông tin trúng thầu
  TYLE_TT_DV NUMBER(10),              -- Tỷ lệ thanh toán dịch vụ (%) (bắt buộc / required)
  TYLE_TT_BH NUMBER(10),              -- Tỷ lệ quỹ thanh toán (%) (bắt buộc / required)
  THANH_TIEN_BV NUMBER(18,2),         -- Thành tiền giá cơ sở (bắt buộc / required)
  THANH_TIEN_BH NUMBER(18,2),         -- Thành tiền trong phạm vi BHYT (bắt buộc / required)
  T_TRANTT NUMBER(18,2),              -- Trần thanh toán vật tư
  MUC_HUONG NUMBER(18,2),             -- Mức hưởng BHYT (%) (bắt buộc / required)
  T_NGUONKHAC_NSNN NUMBER(18,2),      -- Nguồn khác: ngân sách nhà nước (bắt buộc / required)
  T_NGUONKHAC_VTNN NUMBER(18,2),      -- Nguồn khác: viện trợ nước ngoài (bắt buộc / required)
  T_NGUONKHAC_VTTN NUMBER(18,2),      -- Nguồn khác: viện trợ trong nước (bắt buộc / required)
  T_NGUONKHAC_CL NUMBER(18,2),        -- Nguồn khác: còn lại (bắt buộc / required)
  T_NGUONKHAC NUMBER(18,2),           -- Tiền từ các nguồn khác (bắt buộc / required)
  T_BNTT NUMBER(18,2),                -- Tiền người bệnh tự trả ngoài phạm vi (bắt buộc / required)
  T_BNCCT NUMBER(18,2),               -- Tiền người bệnh cùng chi trả (bắt buộc / required)
  T_BHTT NUMBER(18,2),                -- Tiền đề nghị quỹ BHYT trả (bắt buộc / required)
  MA_KHOA VARCHAR2(50 CHAR),          -- Mã khoa (bắt buộc / required)
  MA_GIUONG VARCHAR2(50 CHAR),        -- Mã giường
  MA_BAC_SI VARCHAR2(255 CHAR),       -- Mã người khám, chỉ định (bắt buộc / required)
  NGUOI_THUC_HIEN VARCHAR2(255 CHAR), -- Mã người thực hiện
  MA_BENH VARCHAR2(100 CHAR),         -- Mã ICD-10 lý do chỉ định
  MA_BENH_YHCT VARCHAR2(150 CHAR),    -- Mã bệnh y học cổ truyền
  NGAY_YL VARCHAR2(12 CHAR),          -- Thời điểm ra y lệnh (bắt buộc / required)
  NGAY_TH_YL VARCHAR2(12 CHAR),       -- Thời điểm thực hiện y lệnh
  NGAY_KQ VARCHAR2(12 CHAR),          -- Thời điểm có kết quả
  MA_PTTT NUMBER(10),                 -- Phương thức thanh toán (bắt buộc / required)
  VET_THUONG_TP NUMBER(10),           -- Đánh dấu vết thương tái phát
  PP_VO_CAM NUMBER(10),               -- Phương pháp vô cảm
  VI_TRI_TH_DVKT NUMBER(10),          -- Vị trí cơ thể thực hiện
  MA_MAY CLOB,                        -- Mã máy thực hiện
  MA_HIEU_SP VARCHAR2(255 CHAR),      -- Mã hiệu sản phẩm vật tư
  TAI_SU_DUNG NUMBER(10),             -- Đánh dấu vật tư tái sử dụng
  DU_PHONG CLOB,                      -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Kết quả cận lâm sàng / Test results
CREATE TABLE XML4 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL, -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,        -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_DICH_VU VARCHAR2(50 CHAR),      -- Mã dịch vụ kỹ thuật
  MA_CHI_SO VARCHAR2(255 CHAR),      -- Mã chỉ số cận lâm sàng
  TEN_CHI_SO VARCHAR2(255 CHAR),     -- Tên chỉ số cận lâm sàng (bắt buộc / required)
  GIA_TRI VARCHAR2(255 CHAR),        -- Giá trị kết quả
  DON_VI_DO VARCHAR2(50 CHAR),       -- Đơn vị đo
  MO_TA CLOB,                        -- Mô tả kết quả
  KET_LUAN CLOB,                     -- Kết luận
  NGAY_KQ VARCHAR2(12 CHAR),         -- Thời điểm có kết quả
  MA_BS_DOC_KQ VARCHAR2(255 CHAR),   -- Mã người đọc/duyệt kết quả
  DU_PHONG CLOB,                     -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Diễn biến lâm sàng / Clinical notes
CREATE TABLE XML5 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,  -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,         -- thứ tự dòng, từ 1 / order of the row, from 1
  DIEN_BIEN_LS CLOB,                  -- Diễn biến lâm sàng, sinh hiệu (bắt buộc / required)
  GIAI_DOAN_BENH CLOB,                -- Giai đoạn bệnh
  HOI_CHAN CLOB,                      -- Kết quả hội chẩn
  PHAU_THUAT CLOB,                    -- Mô tả cách thức phẫu thuật, thủ thuật
  THOI_DIEM_DBLS VARCHAR2(12 CHAR),   -- Thời điểm ghi diễn biến (bắt buộc / required)
  NGUOI_THUC_HIEN VARCHAR2(255 CHAR), -- Mã người thực hiện (bắt buộc / required)
  DU_PHONG CLOB,                      -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Chăm sóc và điều trị HIV/AIDS / HIV care
CREATE TABLE XML6 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,         -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,                -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_THE_BHYT VARCHAR2(1000 CHAR),           -- Mã thẻ BHYT 15 ký tự
  SO_CCCD VARCHAR2(1000 CHAR),               -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  NGAY_SINH VARCHAR2(12 CHAR),               -- Ngày giờ sinh
  GIOI_TINH NUMBER(10),                      -- Giới tính
  DIA_CHI CLOB,                              -- Địa chỉ cư trú hiện tại
  MATINH_CU_TRU VARCHAR2(3 CHAR),            -- Mã tỉnh nơi cư trú
  MAHUYEN_CU_TRU VARCHAR2(3 CHAR),           -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU VARCHAR2(5 CHAR),              -- Mã xã nơi cư trú
  NGAYKD_HIV VARCHAR2(8 CHAR),               -- Ngày khẳng định nhiễm HIV
  NOI_LAY_MAU_XN VARCHAR2(5 CHAR),           -- Cơ sở lấy mẫu HIV (bắt buộc / required)
  NOI_XN_KD VARCHAR2(5 CHAR),                -- Cơ sở xét nghiệm khẳng định (bắt buộc / required)
  NOI_BDDT_ARV VARCHAR2(5 CHAR),             -- Cơ sở bắt đầu ARV (bắt buộc / required)
  BDDT_ARV VARCHAR2(8 CHAR),                 -- Ngày bắt đầu ARV
  MA_PHAC_DO_DIEU_TRI_BD VARCHAR2(200 CHAR), -- Phác đồ ARV ban đầu
  MA_BAC_PHAC_DO_BD NUMBER(10),              -- Bậc phác đồ ban đầu
  MA_LYDO_DTRI NUMBER(10),                   -- Lý do đăng ký điều trị HIV (bắt buộc / required)
  LOAI_DTRI_LAO NUMBER(10),                  -- Loại điều trị lao (bắt buộc / required)
  SANG_LOC_LAO NUMBER(10),                   -- Cách sàng lọc lao (bắt buộc / required)
  PHACDO_DTRI_LAO NUMBER(10),                -- Phác đồ điều trị lao
  NGAYBD_DTRI_LAO VARCHAR2(8 CHAR),          -- Ngày bắt đầu điều trị lao
  NGAYKT_DTRI_LAO VARCHAR2(8 CHAR),          -- Ngày kết thúc điều trị lao
  KQ_DTRI_LAO NUMBER(10),                    -- Kết quả điều trị lao (bắt buộc / required)
  MA_LYDO_XNTL_VR NUMBER(10),                -- Lý do đo tải lượng vi rút
  NGAY_XN_TLVR VARCHAR2(8 CHAR),             -- Ngày lấy mẫu tải lượng
  KQ_XNTL_VR NUMBER(10),                     -- Nhóm kết quả tải lượng
  NGAY_KQ_XN_TLVR VARCHAR2(8 CHAR),          -- Ngày có kết quả tải lượng
  MA_LOAI_BN NUMBER(10),                     -- Loại người đến khám HIV (bắt buộc / required)
  GIAI_DOAN_LAM_SANG NUMBER(10),             -- Giai đoạn lâm sàng HIV (bắt buộc / required)
  NHOM_DOI_TUONG NUMBER(10),                 -- Nhóm nguy cơ (bắt buộc / required)
  MA_TINH_TRANG_DK VARCHAR2(18 CHAR),        -- Tình trạng khi đăng ký khám (bắt buộc / required)
  LAN_XN_PCR NUMBER(10),                     -- Lần xét nghiệm PCR
  NGAY_XN_PCR VARCHAR2(8 CHAR),              -- Ngày xét nghiệm PCR
  NGAY_KQ_XN_PCR VARCHAR2(8 CHAR),           -- Ngày có kết quả PCR
  MA_KQ_XN_PCR NUMBER(10),                   -- Kết quả PCR
  NGAY_NHAN_TT_MANG_THAI VARCHAR2(8 CHAR),   -- Ngày biết thông tin mang thai
  NGAY_BAT_DAU_DT_CTX VARCHAR2(8 CHAR),      -- Ngày bắt đầu cotrimoxazol
  MA_XU_TRI VARCHAR2(10 CHAR),               -- Mã xử trí (bắt buộc / required)
  NGAY_BAT_DAU_XU_TRI VARCHAR2(8 CHAR),      -- Ngày bắt đầu xử trí ARV
  NGAY_KET_THUC_XU_TRI VARCHAR2(8 CHAR),     -- Ngày kết thúc xử trí ARV
  MA_PHAC_DO_DIEU_TRI VARCHAR2(200 CHAR),    -- Phác đồ ARV hiện tại (bắt buộc / required)
  MA_BAC_PHAC_DO NUMBER(10),                 -- Bậc phác đồ hiện tại
  SO_NGAY_CAP_THUOC_ARV NUMBER(10),          -- Số ngày cấp ARV
  NGAY_CHUYEN_PHAC_DO VARCHAR2(8 CHAR),      -- Ngày đổi phác đồ
  LY_DO_CHUYEN_PHAC_DO NUMBER(10),           -- Lý do đổi phác đồ
  DU_PHONG CLOB,                             -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy ra viện / Discharge letter
CREATE TABLE XML7 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,  -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,         -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_LUU_TRU VARCHAR2(200 CHAR),      -- Số lưu trữ hồ sơ (bắt buộc / required)
  MA_YTE VARCHAR2(200 CHAR),          -- Mã y tế (= MA_BN) (bắt buộc / required)
  MA_KHOA_RV VARCHAR2(200 CHAR),      -- Khoa tổng kết ra viện (bắt buộc / required)
  NGAY_VAO VARCHAR2(12 CHAR),         -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_RA VARCHAR2(12 CHAR),          -- Thời điểm kết thúc lần khám/ra viện (bắt buộc / required)
  MA_DINH_CHI_THAI NUMBER(10),        -- Cờ đình chỉ thai nghén
  NGUYENNHAN_DINHCHI CLOB,            -- Nguyên nhân đình chỉ thai
  THOIGIAN_DINHCHI VARCHAR2(12 CHAR), -- Thời điểm đình chỉ thai
  TUOI_THAI NUMBER(10),               -- Tuổi thai (tuần, 1–42)
  CHAN_DOAN_RV CLOB,                  -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  PP_DIEUTRI CLOB,                    -- Phương pháp điều trị (bắt buộc / required)
  GHI_CHU CLOB,                       -- Ghi chú giấy ra viện
  MA_TTDV VARCHAR2(255 CHAR),         -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  MA_BS VARCHAR2(255 CHAR),           -- Mã người ký chuyên môn (bắt buộc / required)
  TEN_BS VARCHAR2(255 CHAR),          -- Tên người ký chuyên môn (bắt buộc / required)
  NGAY_CT VARCHAR2(8 CHAR),           -- Ngày chứng từ (bắt buộc / required)
  MA_CHA VARCHAR2(10 CHAR),           -- Mã BHXH của cha
  MA_ME VARCHAR2(10 CHAR),            -- Mã BHXH của mẹ
  MA_THE_TAM VARCHAR2(15 CHAR),       -- Mã thẻ BHYT tạm
  HO_TEN_CHA VARCHAR2(255 CHAR),      -- Họ tên cha
  HO_TEN_ME VARCHAR2(255 CHAR),       -- Họ tên mẹ
  SO_NGAY_NGHI NUMBER(10),            -- Số ngày nghỉ
  NGOAITRU_TUNGAY VARCHAR2(8 CHAR),   -- Nghỉ ngoại trú từ ngày
  NGOAITRU_DENNGAY VARCHAR2(8 CHAR),  -- Nghỉ ngoại trú đến ngày
  DU_PHONG CLOB,                      -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Tóm tắt hồ sơ bệnh án / Medical record summary
CREATE TABLE XML8 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL, -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,        -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_LOAI_KCB VARCHAR2(2 CHAR),      -- Hình thức khám chữa bệnh (bắt buộc / required)
  HO_TEN_CHA VARCHAR2(255 CHAR),     -- Họ tên cha
  HO_TEN_ME VARCHAR2(255 CHAR),      -- Họ tên mẹ
  NGUOI_GIAM_HO VARCHAR2(255 CHAR),  -- Họ tên người giám hộ
  DON_VI CLOB,                       -- Đơn vị công tác
  NGAY_VAO VARCHAR2(12 CHAR),        -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_RA VARCHAR2(12 CHAR),         -- Thời điểm kết thúc lần khám/ra viện (bắt buộc / required)
  CHAN_DOAN_VAO CLOB,                -- Chẩn đoán lúc tiếp nhận (bắt buộc / required)
  CHAN_DOAN_RV CLOB,                 -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  QT_BENHLY CLOB,                    -- Quá trình bệnh lý, diễn biến (bắt buộc / required)
  TOMTAT_KQ CLOB,                    -- Tóm tắt kết quả cận lâm sàng (bắt buộc / required)
  PP_DIEUTRI CLOB,                   -- Phương pháp điều trị (bắt buộc / required)
  NGAY_SINHCON VARCHAR2(8 CHAR),     -- Ngày sinh con (con chết)
  NGAY_CONCHET VARCHAR2(8 CHAR),     -- Ngày con chết
  SO_CONCHET NUMBER(10),             -- Số con chết
  KET_QUA_DTRI NUMBER(10),           -- Kết quả điều trị (bắt buộc / required)
  GHI_CHU CLOB,                      -- Thông tin cha mẹ/giám hộ bổ sung
  MA_TTDV VARCHAR2(255 CHAR),        -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  NGAY_CT VARCHAR2(8 CHAR),          -- Ngày chứng từ (bắt buộc / required)
  MA_THE_TAM VARCHAR2(15 CHAR),      -- Mã thẻ BHYT tạm
  DU_PHONG CLOB,                     -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy chứng sinh / Birth certificate
CREATE TABLE XML9 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,  -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,         -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_BHXH_NND VARCHAR2(10 CHAR),      -- Mã BHXH mẹ/người nuôi dưỡng
  MA_THE_NND VARCHAR2(15 CHAR),       -- Mã thẻ mẹ/người nuôi dưỡng
  HO_TEN_NND VARCHAR2(255 CHAR),      -- Họ tên mẹ/người nuôi dưỡng (bắt buộc / required)
  NGAYSINH_NND VARCHAR2(8 CHAR),      -- Ngày sinh mẹ/người nuôi dưỡng (bắt buộc / required)
  MA_DANTOC_NND VARCHAR2(2 CHAR),     -- Dân tộc mẹ/người nuôi dưỡng (bắt buộc / required)
  SO_CCCD_NND VARCHAR2(1000 CHAR),    -- CCCD mẹ/người nuôi dưỡng (bắt buộc / required)
  NGAYCAP_CCCD_NND VARCHAR2(8 CHAR),  -- Ngày cấp CCCD (bắt buộc / required)
  NOICAP_CCCD_NND CLOB,               -- Nơi cấp CCCD (bắt buộc / required)
  NOI_CU_TRU_NND CLOB,                -- Nơi cư trú mẹ/người nuôi dưỡng (bắt buộc / required)
  MA_QUOCTICH VARCHAR2(3 CHAR),       -- Mã quốc tịch (bắt buộc / required)
  MATINH_CU_TRU VARCHAR2(3 CHAR),     -- Mã tỉnh nơi cư trú (bắt buộc / required)
  MAHUYEN_CU_TRU VARCHAR2(3 CHAR),    -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU VARCHAR2(5 CHAR),       -- Mã xã nơi cư trú (bắt buộc / required)
  HO_TEN_CHA VARCHAR2(255 CHAR),      -- Họ tên cha
  MA_THE_TAM VARCHAR2(15 CHAR),       -- Mã thẻ BHYT tạm
  HO_TEN_CON VARCHAR2(255 CHAR),      -- Tên dự định của con
  GIOI_TINH_CON NUMBER(10),           -- Giới tính con (bắt buộc / required)
  SO_CON NUMBER(10),                  -- Số con lần sinh này (bắt buộc / required)
  LAN_SINH NUMBER(10),                -- Lần sinh thứ mấy (bắt buộc / required)
  SO_CON_SONG NUMBER(10),             -- Số con hiện sống (bắt buộc / required)
  CAN_NANG_CON NUMBER(19),            -- Cân nặng con mới sinh (gam) (bắt buộc / required)
  NGAY_SINH_CON VARCHAR2(12 CHAR),    -- Thời điểm sinh con (bắt buộc / required)
  NOI_SINH_CON CLOB,                  -- Nơi sinh con (bắt buộc / required)
  TINH_TRANG_CON CLOB,                -- Tình trạng con (bắt buộc / required)
  SINHCON_PHAUTHUAT NUMBER(10),       -- Sinh phải phẫu thuật (bắt buộc / required)
  SINHCON_DUOI32TUAN NUMBER(10),      -- Sinh dưới 32 tuần (bắt buộc / required)
  GHI_CHU CLOB,                       -- Ghi chú giấy chứng sinh
  NGUOI_DO_DE VARCHAR2(255 CHAR),     -- Người đỡ đẻ (bắt buộc / required)
  NGUOI_GHI_PHIEU VARCHAR2(255 CHAR), -- Người ghi phiếu (bắt buộc / required)
  NGAY_CT VARCHAR2(8 CHAR),           -- Ngày chứng từ (bắt buộc / required)
  SO VARCHAR2(200 CHAR),              -- Số giấy chứng sinh (bắt buộc / required)
  QUYEN_SO VARCHAR2(200 CHAR),        -- Quyển số (bắt buộc / required)
  MA_TTDV VARCHAR2(255 CHAR),         -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  DU_PHONG CLOB,                      -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy nghỉ dưỡng thai / Antenatal leave certificate
CREATE TABLE XML10 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL, -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,        -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_SERI VARCHAR2(200 CHAR),        -- Số seri chứng từ (bắt buộc / required)
  SO_CT VARCHAR2(200 CHAR),          -- Số chứng từ nội bộ (bắt buộc / required)
  SO_NGAY NUMBER(10),                -- Số ngày nghỉ dưỡng thai (bắt buộc / required)
  DON_VI CLOB,                       -- Đơn vị công tác (bắt buộc / required)
  CHAN_DOAN_RV CLOB,                 -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  TU_NGAY VARCHAR2(8 CHAR),          -- Nghỉ từ ngày (bắt buộc / required)
  DEN_NGAY VARCHAR2(8 CHAR),         -- Nghỉ đến ngày (bắt buộc / required)
  MA_TTDV VARCHAR2(255 CHAR),        -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  TEN_BS VARCHAR2(255 CHAR),         -- Tên người ký chuyên môn (bắt buộc / required)
  MA_BS VARCHAR2(255 CHAR),          -- Mã người ký chuyên môn (bắt buộc / required)
  NGAY_CT VARCHAR2(8 CHAR),          -- Ngày chứng từ (bắt buộc / required)
  DU_PHONG CLOB,                     -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy chứng nhận nghỉ việc hưởng BHXH / Sick leave certificate
CREATE TABLE XML11 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL, -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,        -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_CT VARCHAR2(200 CHAR),          -- Số chứng từ nội bộ (bắt buộc / required)
  SO_SERI VARCHAR2(200 CHAR),        -- Số seri chứng từ (bắt buộc / required)
  SO_KCB VARCHAR2(200 CHAR),         -- Số phiếu/sổ khám nội bộ (bắt buộc / required)
  DON_VI CLOB,                       -- Đơn vị công tác (bắt buộc / required)
  MA_BHXH VARCHAR2(10 CHAR),         -- Mã số BHXH (bắt buộc / required)
  MA_THE_BHYT VARCHAR2(1000 CHAR),   -- Mã thẻ BHYT 15 ký tự
  CHAN_DOAN_RV CLOB,                 -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  PP_DIEUTRI CLOB,                   -- Phương pháp điều trị (bắt buộc / required)
  MA_DINH_CHI_THAI NUMBER(10),       -- Cờ đình chỉ thai nghén
  NGUYENNHAN_DINHCHI CLOB,           -- Nguyên nhân đình chỉ thai
  TUOI_THAI NUMBER(10),              -- Tuổi thai (tuần, 1–42)
  SO_NGAY_NGHI NUMBER(10),           -- Số ngày nghỉ (bắt buộc / required)
  TU_NGAY VARCHAR2(8 CHAR),          -- Nghỉ từ ngày (bắt buộc / required)
  DEN_NGAY VARCHAR2(8 CHAR),         -- Nghỉ đến ngày (bắt buộc / required)
  HO_TEN_CHA VARCHAR2(255 CHAR),     -- Họ tên cha
  HO_TEN_ME VARCHAR2(255 CHAR),      -- Họ tên mẹ
  MA_TTDV VARCHAR2(255 CHAR),        -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  MA_BS VARCHAR2(255 CHAR),          -- Mã người ký chuyên môn (bắt buộc / required)
  NGAY_CT VARCHAR2(8 CHAR),          -- Ngày chứng từ (bắt buộc / required)
  MA_THE_TAM VARCHAR2(15 CHAR),      -- Mã thẻ BHYT tạm
  MAU_SO VARCHAR2(5 CHAR),           -- Mẫu số chứng từ
  DU_PHONG CLOB,                     -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giám định y khoa / Medical assessment
CREATE TABLE XML12 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,            -- thứ tự dòng, từ 1 / order of the row, from 1
  NGUOI_CHU_TRI VARCHAR2(255 CHAR),      -- Người chủ trì hội đồng (bắt buộc / required)
  CHUC_VU NUMBER(10),                    -- Chức vụ người chủ trì (bắt buộc / required)
  NGAY_HOP VARCHAR2(8 CHAR),             -- Ngày họp hội đồng (bắt buộc / required)
  HO_TEN VARCHAR2(255 CHAR),             -- Họ tên người được giám định (bắt buộc / required)
  NGAY_SINH VARCHAR2(8 CHAR),            -- Ngày giờ sinh (bắt buộc / required)
  SO_CCCD VARCHAR2(1000 CHAR),           -- Số định danh cá nhân/CCCD hoặc hộ chiếu (bắt buộc / required)
  NGAY_CAP_CCCD VARCHAR2(8 CHAR),        -- Ngày cấp giấy tờ tuỳ thân (bắt buộc / required)
  NOI_CAP_CCCD CLOB,                     -- Nơi cấp giấy tờ tuỳ thân (bắt buộc / required)
  DIA_CHI CLOB,                          -- Địa chỉ cư trú hiện tại (bắt buộc / required)
  MATINH_CU_TRU VARCHAR2(3 CHAR),        -- Mã tỉnh nơi cư trú (bắt buộc / required)
  MAHUYEN_CU_TRU VARCHAR2(3 CHAR),       -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU VARCHAR2(5 CHAR),          -- Mã xã nơi cư trú (bắt buộc / required)
  MA_BHXH VARCHAR2(10 CHAR),             -- Mã số BHXH (bắt buộc / required)
  MA_THE_BHYT VARCHAR2(15 CHAR),         -- Mã thẻ BHYT 15 ký tự
  NGHE_NGHIEP VARCHAR2(100 CHAR),        -- Nghề nghiệp (chữ)
  DIEN_THOAI VARCHAR2(15 CHAR),          -- Điện thoại liên hệ (bắt buộc / required)
  MA_DOI_TUONG VARCHAR2(20 CHAR),        -- Đối tượng giám định (bắt buộc / required)
  KHAM_GIAM_DINH NUMBER(10),             -- Loại khám giám định (bắt buộc / required)
  SO_BIEN_BAN VARCHAR2(200 CHAR),        -- Số biên bản (bắt buộc / required)
  TYLE_TTCT_CU NUMBER(10),               -- Tỷ lệ tổn thương trước
  DANG_HUONG_CHE_DO VARCHAR2(10 CHAR),   -- Chế độ đang hưởng
  NGAY_CHUNG_TU VARCHAR2(8 CHAR),        -- Ngày chứng từ (bắt buộc / required)
  SO_GIAY_GIOI_THIEU VARCHAR2(200 CHAR), -- Số giấy giới thiệu (bắt buộc / required)
  NGAY_DE_NGHI VARCHAR2(8 CHAR),         -- Ngày đề nghị (bắt buộc / required)
  MA_DONVI VARCHAR2(200 CHAR),           -- Mã đơn vị giới thiệu (bắt buộc / required)
  GIOI_THIEU_CUA CLOB,                   -- Tên đơn vị giới thiệu (bắt buộc / required)
  KET_QUA_KHAM CLOB,                     -- Kết quả khám (bắt buộc / required)
  SO_VAN_BAN_CAN_CU VARCHAR2(200 CHAR),  -- Văn bản căn cứ (bắt buộc / required)
  TYLE_TTCT_MOI NUMBER(10),              -- Tỷ lệ tổn thương lần này (bắt buộc / required)
  TONG_TYLE_TTCT NUMBER(10),             -- Tổng tỷ lệ tổn thương
  DANG_KHUYETTAT NUMBER(10),             -- Dạng khuyết tật
  MUC_DO_KHUYETTAT NUMBER(10),           -- Mức độ khuyết tật
  DE_NGHI CLOB,                          -- Nội dung đề nghị (bắt buộc / required)
  DUOC_XACDINH CLOB,                     -- Nội dung được xác định (bắt buộc / required)
  DU_PHONG CLOB,                         -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy chuyển cơ sở khám chữa bệnh / Transfer letter
CREATE TABLE XML13 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,    -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,           -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_HOSO VARCHAR2(50 CHAR),            -- Số hồ sơ giấy chuyển (bắt buộc / required)
  SO_CHUYENTUYEN VARCHAR2(50 CHAR),     -- Số vào sổ chuyển tuyến (bắt buộc / required)
  GIAY_CHUYEN_TUYEN VARCHAR2(50 CHAR),  -- Số giấy chuyển hoặc giấy hẹn (bắt buộc / required)
  MA_CSKCB_DI VARCHAR2(100 CHAR),       -- Mã (các) cơ sở chuyển đến đây
  MA_CSKCB_DEN VARCHAR2(5 CHAR),        -- Mã cơ sở nhận chuyển
  HO_TEN VARCHAR2(255 CHAR),            -- Họ tên người bệnh (bắt buộc / required)
  NGAY_SINH VARCHAR2(12 CHAR),          -- Ngày giờ sinh
  GIOI_TINH NUMBER(10),                 -- Giới tính
  MA_QUOCTICH VARCHAR2(3 CHAR),         -- Mã quốc tịch
  MA_DANTOC VARCHAR2(2 CHAR),           -- Mã dân tộc
  MA_NGHE_NGHIEP VARCHAR2(5 CHAR),      -- Mã nghề nghiệp
  DIA_CHI CLOB,                         -- Địa chỉ cư trú hiện tại
  MA_THE_BHYT VARCHAR2(1000 CHAR),      -- Mã thẻ BHYT 15 ký tự
  GT_THE_DEN VARCHAR2(1000 CHAR),       -- Thẻ có giá trị đến ngày
  NGAY_VAO VARCHAR2(100 CHAR),          -- Thời điểm đến khám/vào viện
  NGAY_VAO_NOI_TRU VARCHAR2(12 CHAR),   -- Thời điểm vào nội trú hoặc ban ngày
  NGAY_RA VARCHAR2(100 CHAR),           -- Thời điểm kết thúc lần khám/ra viện
  DAU_HIEU_LS CLOB,                     -- Dấu hiệu lâm sàng khi chuyển (bắt buộc / required)
  CHAN_DOAN_RV CLOB,                    -- Chẩn đoán ra viện đầy đủ
  QT_BENHLY CLOB,                       -- Quá trình bệnh lý, diễn biến (bắt buộc / required)
  TOMTAT_KQ CLOB,                       -- Tóm tắt kết quả cận lâm sàng
  PP_DIEUTRI CLOB,                      -- Phương pháp điều trị
  MA_BENH_CHINH VARCHAR2(7 CHAR),       -- Mã bệnh chính ICD-10
  MA_BENH_KT VARCHAR2(100 CHAR),        -- Các mã bệnh kèm theo ICD-10
  MA_BENH_YHCT VARCHAR2(255 CHAR),      -- Mã bệnh y học cổ truyền
  TINH_TRANG_CT CLOB,                   -- Tình trạng lúc chuyển
  MA_LOAI_RV NUMBER(10),                -- Loại ra viện
  MA_LYDO_CT NUMBER(10),                -- Lý do chuyển (bắt buộc / required)
  HUONG_DIEU_TRI CLOB,                  -- Hướng điều trị tiếp (bắt buộc / required)
  PHUONGTIEN_VC VARCHAR2(255 CHAR),     -- Phương tiện vận chuyển (bắt buộc / required)
  HOTEN_NGUOI_HT VARCHAR2(255 CHAR),    -- Tên người hộ tống
  CHUCDANH_NGUOI_HT VARCHAR2(255 CHAR), -- Chức danh người hộ tống
  MA_BAC_SI VARCHAR2(255 CHAR),         -- Mã người ký giấy chuyển (bắt buộc / required)
  MA_TTDV VARCHAR2(255 CHAR),           -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  DU_PHONG CLOB,                        -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy hẹn khám lại / Return appointment letter
CREATE TABLE XML14 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,  -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,         -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_GIAYHEN_KL VARCHAR2(50 CHAR),    -- Số giấy hẹn khám lại (bắt buộc / required)
  HO_TEN VARCHAR2(255 CHAR),          -- Họ tên người bệnh (bắt buộc / required)
  NGAY_SINH VARCHAR2(12 CHAR),        -- Ngày giờ sinh
  GIOI_TINH NUMBER(10),               -- Giới tính
  DIA_CHI CLOB,                       -- Địa chỉ cư trú hiện tại
  MA_THE_BHYT VARCHAR2(1000 CHAR),    -- Mã thẻ BHYT 15 ký tự
  GT_THE_DEN VARCHAR2(1000 CHAR),     -- Thẻ có giá trị đến ngày
  NGAY_VAO VARCHAR2(12 CHAR),         -- Thời điểm đến khám/vào viện
  NGAY_VAO_NOI_TRU VARCHAR2(12 CHAR), -- Thời điểm vào nội trú hoặc ban ngày
  NGAY_RA VARCHAR2(12 CHAR),          -- Thời điểm kết thúc lần khám/ra viện
  NGAY_HEN_KL VARCHAR2(8 CHAR),       -- Ngày hẹn khám lại (bắt buộc / required)
  CHAN_DOAN_RV CLOB,                  -- Chẩn đoán ra viện đầy đủ
  MA_BENH_CHINH VARCHAR2(7 CHAR),     -- Mã bệnh chính ICD-10
  MA_BENH_KT VARCHAR2(100 CHAR),      -- Các mã bệnh kèm theo ICD-10
  MA_BENH_YHCT VARCHAR2(255 CHAR),    -- Mã bệnh y học cổ truyền
  MA_DOITUONG_KCB VARCHAR2(4 CHAR),   -- Mã đối tượng đến khám chữa bệnh
  MA_BAC_SI VARCHAR2(255 CHAR),       -- Mã người ký giấy hẹn (bắt buộc / required)
  MA_TTDV VARCHAR2(255 CHAR),         -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  NGAY_CT VARCHAR2(8 CHAR),           -- Ngày chứng từ (bắt buộc / required)
  DU_PHONG CLOB,                      -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Điều trị bệnh lao / TB treatment
CREATE TABLE XML15 (
  MA_LK VARCHAR2(100 CHAR) NOT NULL,    -- khoá của đợt khám / the encounter's key
  ROW_NO NUMBER(10) NOT NULL,           -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_BN VARCHAR2(100 CHAR),             -- Mã người bệnh do cơ sở cấp (bắt buộc / required)
  HO_TEN VARCHAR2(255 CHAR),            -- Họ tên người bệnh
  SO_CCCD VARCHAR2(1000 CHAR),          -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  PHANLOAI_LAO_VITRI NUMBER(10),        -- Lao theo vị trí (bắt buộc / required)
  PHANLOAI_LAO_TS NUMBER(10),           -- Lao theo tiền sử điều trị (bắt buộc / required)
  PHANLOAI_LAO_HIV NUMBER(10),          -- Lao theo tình trạng HIV (bắt buộc / required)
  PHANLOAI_LAO_VK NUMBER(10),           -- Lao theo bằng chứng vi khuẩn (bắt buộc / required)
  PHANLOAI_LAO_KT NUMBER(10),           -- Lao theo kháng thuốc
  LOAI_DTRI_LAO NUMBER(10),             -- Loại điều trị lao (bắt buộc / required)
  NGAYBD_DTRI_LAO VARCHAR2(8 CHAR),     -- Ngày bắt đầu điều trị lao (bắt buộc / required)
  PHACDO_DTRI_LAO NUMBER(10),           -- Phác đồ điều trị lao (bắt buộc / required)
  NGAYKT_DTRI_LAO VARCHAR2(8 CHAR),     -- Ngày kết thúc điều trị lao
  KET_QUA_DTRI_LAO NUMBER(10),          -- Kết quả điều trị lao (bắt buộc / required)
  NGAYKD_HIV VARCHAR2(8 CHAR),          -- Ngày khẳng định nhiễm HIV
  BDDT_ARV VARCHAR2(8 CHAR),            -- Ngày bắt đầu ARV
  NGAY_BAT_DAU_DT_CTX VARCHAR2(8 CHAR), -- Ngày bắt đầu cotrimoxazol
  DU_PHONG CLOB,                        -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);
