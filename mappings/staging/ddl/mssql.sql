-- Bảng trung gian cho bhyt-adapter (mssql), bố cục 3176. Sinh bởi: bhyt map staging
-- Staging tables for bhyt-adapter, generated; see docs/mapping/staging.md.

CREATE TABLE BHYT_ENCOUNTER (
  MA_LK NVARCHAR(100) NOT NULL,          -- khoá của đợt khám / the encounter's key
  CHANGED_AT DATETIME2(3) NOT NULL,      -- ghi sau cùng, mỗi lần sửa / set last, at every change
  INSURED INT DEFAULT 0 NOT NULL,        -- 1 = có thẻ BHYT / has a card
  READY_CHECKIN INT DEFAULT 0 NOT NULL,  -- 1 = đã phát sinh chi phí đầu tiên / first cost has arisen
  READY_TREATING INT DEFAULT 0 NOT NULL, -- 1 = đã phát sinh chi phí tại khoa điều trị / first cost in the treating department
  READY_CLAIM INT DEFAULT 0 NOT NULL,    -- 1 = đã quyết toán / settled
  READY_BOOK INT DEFAULT 0 NOT NULL,     -- 1 = đã kết thúc đợt khám chữa bệnh / visit has ended
  CHECKIN_EXEMPT INT DEFAULT 0 NOT NULL, -- 1 = không phải gửi check-in / no check-in is due
  PRIMARY KEY (MA_LK)
);
CREATE INDEX IX_BHYT_ENCOUNTER_CHANGED ON BHYT_ENCOUNTER (CHANGED_AT);

-- Trạng thái khám chữa bệnh (check-in) / Visit status (check-in)
CREATE TABLE XML0 (
  MA_LK NVARCHAR(100) NOT NULL,   -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,            -- thứ tự dòng, từ 1 / order of the row, from 1
  OCCASION NVARCHAR(20) NOT NULL, -- first_cost | treating_department
  MA_BN NVARCHAR(100),            -- Mã người bệnh do cơ sở cấp (bắt buộc / required)
  HO_TEN NVARCHAR(255),           -- Họ tên người bệnh (bắt buộc / required)
  SO_CCCD NVARCHAR(1000),         -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  NGAY_SINH NVARCHAR(12),         -- Ngày giờ sinh (bắt buộc / required)
  GIOI_TINH INT,                  -- Giới tính (bắt buộc / required)
  MA_THE_BHYT NVARCHAR(15),       -- Mã thẻ BHYT 15 ký tự
  MA_DKBD NVARCHAR(5),            -- Mã nơi đăng ký KCB ban đầu
  GT_THE_TU NVARCHAR(8),          -- Thẻ có giá trị từ ngày
  GT_THE_DEN NVARCHAR(8),         -- Thẻ có giá trị đến ngày
  MA_DOITUONG_KCB NVARCHAR(4),    -- Mã đối tượng đến khám chữa bệnh (bắt buộc / required)
  NGAY_VAO NVARCHAR(12),          -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_VAO_NOI_TRU NVARCHAR(12),  -- Thời điểm vào nội trú hoặc ban ngày
  LY_DO_VNT NVARCHAR(MAX),        -- Lý do nhập nội trú
  MA_LY_DO_VNT NVARCHAR(5),       -- Mã lý do nhập nội trú
  MA_LOAI_KCB NVARCHAR(2),        -- Hình thức khám chữa bệnh (bắt buộc / required)
  MA_DICH_VU NVARCHAR(50),        -- DVKT phát sinh chi phí đầu tiên
  TEN_DICH_VU NVARCHAR(1024),     -- Tên dịch vụ kỹ thuật
  MA_THUOC NVARCHAR(255),         -- Thuốc phát sinh chi phí đầu tiên
  TEN_THUOC NVARCHAR(1024),       -- Tên thuốc
  MA_VAT_TU NVARCHAR(255),        -- Vật tư phát sinh chi phí đầu tiên
  TEN_VAT_TU NVARCHAR(1024),      -- Tên vật tư y tế
  NGAY_YL NVARCHAR(12),           -- Y lệnh phát sinh chi phí đầu tiên (bắt buộc / required)
  DU_PHONG NVARCHAR(MAX),         -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Tổng hợp khám chữa bệnh / Visit summary
CREATE TABLE XML1 (
  MA_LK NVARCHAR(100) NOT NULL,   -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,            -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_BN NVARCHAR(100),            -- Mã người bệnh do cơ sở cấp (bắt buộc / required)
  HO_TEN NVARCHAR(255),           -- Họ tên người bệnh (bắt buộc / required)
  SO_CCCD NVARCHAR(1000),         -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  NGAY_SINH NVARCHAR(12),         -- Ngày giờ sinh (bắt buộc / required)
  GIOI_TINH INT,                  -- Giới tính (bắt buộc / required)
  NHOM_MAU NVARCHAR(5),           -- Nhóm máu nếu biết
  MA_QUOCTICH NVARCHAR(3),        -- Mã quốc tịch (bắt buộc / required)
  MA_DANTOC NVARCHAR(2),          -- Mã dân tộc (bắt buộc / required)
  MA_NGHE_NGHIEP NVARCHAR(2),     -- Mã nghề nghiệp (bắt buộc / required)
  DIA_CHI NVARCHAR(1024),         -- Địa chỉ cư trú hiện tại (bắt buộc / required)
  MATINH_CU_TRU NVARCHAR(3),      -- Mã tỉnh nơi cư trú (bắt buộc / required)
  MAHUYEN_CU_TRU NVARCHAR(3),     -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU NVARCHAR(5),        -- Mã xã nơi cư trú (bắt buộc / required)
  DIEN_THOAI NVARCHAR(15),        -- Điện thoại liên hệ
  MA_THE_BHYT NVARCHAR(1000),     -- Mã thẻ BHYT 15 ký tự
  MA_DKBD NVARCHAR(1000),         -- Mã nơi đăng ký KCB ban đầu
  GT_THE_TU NVARCHAR(1000),       -- Thẻ có giá trị từ ngày
  GT_THE_DEN NVARCHAR(1000),      -- Thẻ có giá trị đến ngày
  NGAY_MIEN_CCT NVARCHAR(12),     -- Thời điểm được miễn cùng chi trả
  LY_DO_VV NVARCHAR(MAX),         -- Lý do đến khám (bắt buộc / required)
  LY_DO_VNT NVARCHAR(MAX),        -- Lý do nhập nội trú
  MA_LY_DO_VNT NVARCHAR(5),       -- Mã lý do nhập nội trú
  CHAN_DOAN_VAO NVARCHAR(MAX),    -- Chẩn đoán lúc tiếp nhận (bắt buộc / required)
  CHAN_DOAN_RV NVARCHAR(MAX),     -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  MA_BENH_CHINH NVARCHAR(7),      -- Mã bệnh chính ICD-10 (bắt buộc / required)
  MA_BENH_KT NVARCHAR(100),       -- Các mã bệnh kèm theo ICD-10
  MA_BENH_YHCT NVARCHAR(150),     -- Mã bệnh y học cổ truyền
  MA_PTTT_QT NVARCHAR(125),       -- Mã phẫu thuật, thủ thuật ICD-9-CM
  MA_DOITUONG_KCB NVARCHAR(4),    -- Mã đối tượng đến khám chữa bệnh (bắt buộc / required)
  MA_NOI_DI NVARCHAR(5),          -- Mã cơ sở chuyển người bệnh đến đây
  MA_NOI_DEN NVARCHAR(5),         -- Mã cơ sở nhận người bệnh chuyển đi
  MA_TAI_NAN INT,                 -- Mã tai nạn thương tích
  NGAY_VAO NVARCHAR(12),          -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_VAO_NOI_TRU NVARCHAR(12),  -- Thời điểm vào nội trú hoặc ban ngày
  NGAY_RA NVARCHAR(12),           -- Thời điểm kết thúc lần khám/ra viện (bắt buộc / required)
  GIAY_CHUYEN_TUYEN NVARCHAR(50), -- Số giấy chuyển hoặc giấy hẹn
  SO_NGAY_DTRI INT,               -- Số ngày điều trị (bắt buộc / required)
  PP_DIEU_TRI NVARCHAR(MAX),      -- Phương pháp điều trị
  KET_QUA_DTRI INT,               -- Kết quả điều trị (bắt buộc / required)
  MA_LOAI_RV INT,                 -- Loại ra viện (bắt buộc / required)
  GHI_CHU NVARCHAR(MAX),          -- Lời dặn / ghi chú
  NGAY_TTOAN NVARCHAR(12),        -- Thời điểm thanh toán
  T_THUOC DECIMAL(18,2),          -- Tổng tiền thuốc, máu, dịch (bắt buộc / required)
  T_VTYT DECIMAL(18,2),           -- Tổng tiền vật tư y tế (bắt buộc / required)
  T_TONGCHI_BV DECIMAL(18,2),     -- Tổng chi theo giá cơ sở (bắt buộc / required)
  T_TONGCHI_BH DECIMAL(18,2),     -- Tổng chi trong phạm vi BHYT (bắt buộc / required)
  T_BNTT DECIMAL(18,2),           -- Tiền người bệnh tự trả ngoài phạm vi (bắt buộc / required)
  T_BNCCT DECIMAL(18,2),          -- Tiền người bệnh cùng chi trả (bắt buộc / required)
  T_BHTT DECIMAL(18,2),           -- Tiền đề nghị quỹ BHYT trả (bắt buộc / required)
  T_NGUONKHAC DECIMAL(18,2),      -- Tiền từ các nguồn khác (bắt buộc / required)
  T_BHTT_GDV DECIMAL(18,2),       -- Phần quỹ trả theo giá dịch vụ (bắt buộc / required)
  NAM_QT INT,                     -- Năm quyết toán (bắt buộc / required)
  THANG_QT INT,                   -- Tháng quyết toán (bắt buộc / required)
  MA_LOAI_KCB NVARCHAR(2),        -- Hình thức khám chữa bệnh (bắt buộc / required)
  MA_KHOA NVARCHAR(50),           -- Mã khoa (bắt buộc / required)
  MA_KHUVUC NVARCHAR(2),          -- Mã vùng sinh sống trên thẻ
  CAN_NANG NVARCHAR(6),           -- Cân nặng người bệnh (kg) (bắt buộc / required)
  CAN_NANG_CON NVARCHAR(100),     -- Cân nặng con mới sinh (gam)
  NAM_NAM_LIEN_TUC NVARCHAR(8),   -- Ngày đủ 5 năm BHYT liên tục
  NGAY_TAI_KHAM NVARCHAR(50),     -- Ngày hẹn tái khám
  MA_HSBA NVARCHAR(100),          -- Số bệnh án / phiếu khám (bắt buộc / required)
  MA_TTDV NVARCHAR(255),          -- Mã thủ trưởng đơn vị ký
  DU_PHONG NVARCHAR(MAX),         -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Chi tiết thuốc / Drugs
CREATE TABLE XML2 (
  MA_LK NVARCHAR(100) NOT NULL,   -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,            -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_THUOC NVARCHAR(255),         -- Mã hoạt chất/thuốc
  MA_PP_CHEBIEN NVARCHAR(255),    -- Mã phương pháp chế biến vị thuốc
  MA_CSKCB_THUOC NVARCHAR(10),    -- Nguồn thuốc từ cơ sở khác
  MA_NHOM INT,                    -- Mã nhóm chi phí (bắt buộc / required)
  TEN_THUOC NVARCHAR(1024),       -- Tên thuốc (bắt buộc / required)
  DON_VI_TINH NVARCHAR(50),       -- Đơn vị tính (bắt buộc / required)
  HAM_LUONG NVARCHAR(1024),       -- Hàm lượng
  DUONG_DUNG NVARCHAR(4),         -- Mã đường dùng (bắt buộc / required)
  DANG_BAO_CHE NVARCHAR(1024),    -- Dạng bào chế
  LIEU_DUNG NVARCHAR(1024),       -- Liều dùng (bắt buộc / required)
  CACH_DUNG NVARCHAR(1024),       -- Cách dùng, lời dặn
  SO_DANG_KY NVARCHAR(255),       -- Số đăng ký lưu hành
  TT_THAU NVARCHAR(50),           -- Thông tin trúng thầu
  PHAM_VI INT,                    -- Phạm vi hưởng BHYT (bắt buộc / required)
  TYLE_TT_BH INT,                 -- Tỷ lệ quỹ thanh toán (%) (bắt buộc / required)
  SO_LUONG DECIMAL(18,3),         -- Số lượng (bắt buộc / required)
  DON_GIA DECIMAL(18,3),          -- Đơn giá thuốc (bắt buộc / required)
  THANH_TIEN_BV DECIMAL(18,2),    -- Thành tiền giá cơ sở (bắt buộc / required)
  THANH_TIEN_BH DECIMAL(18,2),    -- Thành tiền trong phạm vi BHYT (bắt buộc / required)
  T_NGUONKHAC_NSNN DECIMAL(18,2), -- Nguồn khác: ngân sách nhà nước (bắt buộc / required)
  T_NGUONKHAC_VTNN DECIMAL(18,2), -- Nguồn khác: viện trợ nước ngoài (bắt buộc / required)
  T_NGUONKHAC_VTTN DECIMAL(18,2), -- Nguồn khác: viện trợ trong nước (bắt buộc / required)
  T_NGUONKHAC_CL DECIMAL(18,2),   -- Nguồn khác: còn lại (bắt buộc / required)
  T_NGUONKHAC DECIMAL(18,2),      -- Tiền từ các nguồn khác (bắt buộc / required)
  MUC_HUONG DECIMAL(18,2),        -- Mức hưởng BHYT (%) (bắt buộc / required)
  T_BNTT DECIMAL(18,2),           -- Tiền người bệnh tự trả ngoài phạm vi (bắt buộc / required)
  T_BNCCT DECIMAL(18,2),          -- Tiền người bệnh cùng chi trả (bắt buộc / required)
  T_BHTT DECIMAL(18,2),           -- Tiền đề nghị quỹ BHYT trả (bắt buộc / required)
  MA_KHOA NVARCHAR(50),           -- Mã khoa (bắt buộc / required)
  MA_BAC_SI NVARCHAR(255),        -- Mã người chỉ định
  MA_DICH_VU NVARCHAR(255),       -- Mã DVKT có dùng thuốc này
  NGAY_YL NVARCHAR(12),           -- Thời điểm ra y lệnh (bắt buộc / required)
  NGAY_TH_YL NVARCHAR(12),        -- Thời điểm thực hiện y lệnh
  MA_PTTT INT,                    -- Phương thức thanh toán (bắt buộc / required)
  NGUON_CTRA INT,                 -- Nguồn chi trả thuốc (bắt buộc / required)
  VET_THUONG_TP INT,              -- Đánh dấu vết thương tái phát
  DU_PHONG NVARCHAR(MAX),         -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Chi tiết dịch vụ kỹ thuật và vật tư y tế / Services and supplies
CREATE TABLE XML3 (
  MA_LK NVARCHAR(100) NOT NULL,   -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,            -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_DICH_VU NVARCHAR(50),        -- Mã dịch vụ kỹ thuật
  MA_PTTT_QT NVARCHAR(255),       -- Mã phẫu thuật, thủ thuật ICD-9-CM
  MA_VAT_TU NVARCHAR(255),        -- Mã vật tư y tế
  MA_NHOM INT,                    -- Mã nhóm chi phí (bắt buộc / required)
  GOI_VTYT NVARCHAR(3),           -- Gói vật tư G1, G2…
  TEN_VAT_TU NVARCHAR(1024),      -- Tên vật tư y tế
  TEN_DICH_VU NVARCHAR(1024),     -- Tên dịch vụ kỹ thuật
  MA_XANG_DAU NVARCHAR(20),       -- Loại xăng dầu vận chuyển
  DON_VI_TINH NVARCHAR(50),       -- Đơn vị tính (bắt buộc / required)
  PHAM_VI INT,                    -- Phạm vi hưởng BHYT (bắt buộc / required)
  SO_LUONG DECIMAL(18,3),         -- Số lượng (bắt buộc / required)
  DON_GIA_BV DECIMAL(18,3),       -- Đơn giá theo cơ sở (bắt buộc / required)
  DON_GIA_BH DECIMAL(18,3),       -- Đơn giá BHYT (bắt buộc / required)
  TT_THAU NVARCHAR(50),           -- Thông tin trúng thầu
  TYLE_TT_DV INT,                 -- Tỷ lệ thanh toán dịch vụ (%) (bắt buộc / required)
  TYLE_TT_BH INT,                 -- Tỷ lệ quỹ thanh toán (%) (bắt buộc / required)
  THANH_TIEN_BV DECIMAL(18,2),    -- Thành tiền giá cơ sở (bắt buộc / required)
  THANH_TIEN_BH DECIMAL(18,2),    -- Thành tiền trong phạm vi BHYT (bắt buộc / required)
  T_TRANTT DECIMAL(18,2),         -- Trần thanh toán vật tư
  MUC_HUONG DECIMAL(18,2),        -- Mức hưởng BHYT (%) (bắt buộc / required)
  T_NGUONKHAC_NSNN DECIMAL(18,2), -- Nguồn khác: ngân sách nhà nước (bắt buộc / required)
  T_NGUONKHAC_VTNN DECIMAL(18,2), -- Nguồn khác: viện trợ nước ngoài (bắt buộc / required)
  T_NGUONKHAC_VTTN DECIMAL(18,2), -- Nguồn khác: viện trợ trong nước (bắt buộc / required)
  T_NGUONKHAC_CL DECIMAL(18,2),   -- Nguồn khác: còn lại (bắt buộc / required)
  T_NGUONKHAC DECIMAL(18,2),      -- Tiền từ các nguồn khác (bắt buộc / required)
  T_BNTT DECIMAL(18,2),           -- Tiền người bệnh tự trả ngoài phạm vi (bắt buộc / required)
  T_BNCCT DECIMAL(18,2),          -- Tiền người bệnh cùng chi trả (bắt buộc / required)
  T_BHTT DECIMAL(18,2),           -- Tiền đề nghị quỹ BHYT trả (bắt buộc / required)
  MA_KHOA NVARCHAR(50),           -- Mã khoa (bắt buộc / required)
  MA_GIUONG NVARCHAR(50),         -- Mã giường
  MA_BAC_SI NVARCHAR(255),        -- Mã người khám, chỉ định (bắt buộc / required)
  NGUOI_THUC_HIEN NVARCHAR(255),  -- Mã người thực hiện
  MA_BENH NVARCHAR(100),          -- Mã ICD-10 lý do chỉ định
  MA_BENH_YHCT NVARCHAR(150),     -- Mã bệnh y học cổ truyền
  NGAY_YL NVARCHAR(12),           -- Thời điểm ra y lệnh (bắt buộc / required)
  NGAY_TH_YL NVARCHAR(12),        -- Thời điểm thực hiện y lệnh
  NGAY_KQ NVARCHAR(12),           -- Thời điểm có kết quả
  MA_PTTT INT,                    -- Phương thức thanh toán (bắt buộc / required)
  VET_THUONG_TP INT,              -- Đánh dấu vết thương tái phát
  PP_VO_CAM INT,                  -- Phương pháp vô cảm
  VI_TRI_TH_DVKT INT,             -- Vị trí cơ thể thực hiện
  MA_MAY NVARCHAR(1024),          -- Mã máy thực hiện
  MA_HIEU_SP NVARCHAR(255),       -- Mã hiệu sản phẩm vật tư
  TAI_SU_DUNG INT,                -- Đánh dấu vật tư tái sử dụng
  DU_PHONG NVARCHAR(MAX),         -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Kết quả cận lâm sàng / Test results
CREATE TABLE XML4 (
  MA_LK NVARCHAR(100) NOT NULL, -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,          -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_DICH_VU NVARCHAR(50),      -- Mã dịch vụ kỹ thuật
  MA_CHI_SO NVARCHAR(255),      -- Mã chỉ số cận lâm sàng
  TEN_CHI_SO NVARCHAR(255),     -- Tên chỉ số cận lâm sàng (bắt buộc / required)
  GIA_TRI NVARCHAR(255),        -- Giá trị kết quả
  DON_VI_DO NVARCHAR(50),       -- Đơn vị đo
  MO_TA NVARCHAR(MAX),          -- Mô tả kết quả
  KET_LUAN NVARCHAR(MAX),       -- Kết luận
  NGAY_KQ NVARCHAR(12),         -- Thời điểm có kết quả
  MA_BS_DOC_KQ NVARCHAR(255),   -- Mã người đọc/duyệt kết quả
  DU_PHONG NVARCHAR(MAX),       -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Diễn biến lâm sàng / Clinical notes
CREATE TABLE XML5 (
  MA_LK NVARCHAR(100) NOT NULL,  -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,           -- thứ tự dòng, từ 1 / order of the row, from 1
  DIEN_BIEN_LS NVARCHAR(MAX),    -- Diễn biến lâm sàng, sinh hiệu (bắt buộc / required)
  GIAI_DOAN_BENH NVARCHAR(MAX),  -- Giai đoạn bệnh
  HOI_CHAN NVARCHAR(MAX),        -- Kết quả hội chẩn
  PHAU_THUAT NVARCHAR(MAX),      -- Mô tả cách thức phẫu thuật, thủ thuật
  THOI_DIEM_DBLS NVARCHAR(12),   -- Thời điểm ghi diễn biến (bắt buộc / required)
  NGUOI_THUC_HIEN NVARCHAR(255), -- Mã người thực hiện (bắt buộc / required)
  DU_PHONG NVARCHAR(MAX),        -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Chăm sóc và điều trị HIV/AIDS / HIV care
CREATE TABLE XML6 (
  MA_LK NVARCHAR(100) NOT NULL,         -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,                  -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_THE_BHYT NVARCHAR(1000),           -- Mã thẻ BHYT 15 ký tự
  SO_CCCD NVARCHAR(1000),               -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  NGAY_SINH NVARCHAR(12),               -- Ngày giờ sinh
  GIOI_TINH INT,                        -- Giới tính
  DIA_CHI NVARCHAR(1024),               -- Địa chỉ cư trú hiện tại
  MATINH_CU_TRU NVARCHAR(3),            -- Mã tỉnh nơi cư trú
  MAHUYEN_CU_TRU NVARCHAR(3),           -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU NVARCHAR(5),              -- Mã xã nơi cư trú
  NGAYKD_HIV NVARCHAR(8),               -- Ngày khẳng định nhiễm HIV
  NOI_LAY_MAU_XN NVARCHAR(5),           -- Cơ sở lấy mẫu HIV (bắt buộc / required)
  NOI_XN_KD NVARCHAR(5),                -- Cơ sở xét nghiệm khẳng định (bắt buộc / required)
  NOI_BDDT_ARV NVARCHAR(5),             -- Cơ sở bắt đầu ARV (bắt buộc / required)
  BDDT_ARV NVARCHAR(8),                 -- Ngày bắt đầu ARV
  MA_PHAC_DO_DIEU_TRI_BD NVARCHAR(200), -- Phác đồ ARV ban đầu
  MA_BAC_PHAC_DO_BD INT,                -- Bậc phác đồ ban đầu
  MA_LYDO_DTRI INT,                     -- Lý do đăng ký điều trị HIV (bắt buộc / required)
  LOAI_DTRI_LAO INT,                    -- Loại điều trị lao (bắt buộc / required)
  SANG_LOC_LAO INT,                     -- Cách sàng lọc lao (bắt buộc / required)
  PHACDO_DTRI_LAO INT,                  -- Phác đồ điều trị lao
  NGAYBD_DTRI_LAO NVARCHAR(8),          -- Ngày bắt đầu điều trị lao
  NGAYKT_DTRI_LAO NVARCHAR(8),          -- Ngày kết thúc điều trị lao
  KQ_DTRI_LAO INT,                      -- Kết quả điều trị lao (bắt buộc / required)
  MA_LYDO_XNTL_VR INT,                  -- Lý do đo tải lượng vi rút
  NGAY_XN_TLVR NVARCHAR(8),             -- Ngày lấy mẫu tải lượng
  KQ_XNTL_VR INT,                       -- Nhóm kết quả tải lượng
  NGAY_KQ_XN_TLVR NVARCHAR(8),          -- Ngày có kết quả tải lượng
  MA_LOAI_BN INT,                       -- Loại người đến khám HIV (bắt buộc / required)
  GIAI_DOAN_LAM_SANG INT,               -- Giai đoạn lâm sàng HIV (bắt buộc / required)
  NHOM_DOI_TUONG INT,                   -- Nhóm nguy cơ (bắt buộc / required)
  MA_TINH_TRANG_DK NVARCHAR(18),        -- Tình trạng khi đăng ký khám (bắt buộc / required)
  LAN_XN_PCR INT,                       -- Lần xét nghiệm PCR
  NGAY_XN_PCR NVARCHAR(8),              -- Ngày xét nghiệm PCR
  NGAY_KQ_XN_PCR NVARCHAR(8),           -- Ngày có kết quả PCR
  MA_KQ_XN_PCR INT,                     -- Kết quả PCR
  NGAY_NHAN_TT_MANG_THAI NVARCHAR(8),   -- Ngày biết thông tin mang thai
  NGAY_BAT_DAU_DT_CTX NVARCHAR(8),      -- Ngày bắt đầu cotrimoxazol
  MA_XU_TRI NVARCHAR(10),               -- Mã xử trí (bắt buộc / required)
  NGAY_BAT_DAU_XU_TRI NVARCHAR(8),      -- Ngày bắt đầu xử trí ARV
  NGAY_KET_THUC_XU_TRI NVARCHAR(8),     -- Ngày kết thúc xử trí ARV
  MA_PHAC_DO_DIEU_TRI NVARCHAR(200),    -- Phác đồ ARV hiện tại (bắt buộc / required)
  MA_BAC_PHAC_DO INT,                   -- Bậc phác đồ hiện tại
  SO_NGAY_CAP_THUOC_ARV INT,            -- Số ngày cấp ARV
  NGAY_CHUYEN_PHAC_DO NVARCHAR(8),      -- Ngày đổi phác đồ
  LY_DO_CHUYEN_PHAC_DO INT,             -- Lý do đổi phác đồ
  DU_PHONG NVARCHAR(MAX),               -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy ra viện / Discharge letter
CREATE TABLE XML7 (
  MA_LK NVARCHAR(100) NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,              -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_LUU_TRU NVARCHAR(200),         -- Số lưu trữ hồ sơ (bắt buộc / required)
  MA_YTE NVARCHAR(200),             -- Mã y tế (= MA_BN) (bắt buộc / required)
  MA_KHOA_RV NVARCHAR(200),         -- Khoa tổng kết ra viện (bắt buộc / required)
  NGAY_VAO NVARCHAR(12),            -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_RA NVARCHAR(12),             -- Thời điểm kết thúc lần khám/ra viện (bắt buộc / required)
  MA_DINH_CHI_THAI INT,             -- Cờ đình chỉ thai nghén
  NGUYENNHAN_DINHCHI NVARCHAR(MAX), -- Nguyên nhân đình chỉ thai
  THOIGIAN_DINHCHI NVARCHAR(12),    -- Thời điểm đình chỉ thai
  TUOI_THAI INT,                    -- Tuổi thai (tuần, 1–42)
  CHAN_DOAN_RV NVARCHAR(1500),      -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  PP_DIEUTRI NVARCHAR(MAX),         -- Phương pháp điều trị (bắt buộc / required)
  GHI_CHU NVARCHAR(1500),           -- Ghi chú giấy ra viện
  MA_TTDV NVARCHAR(255),            -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  MA_BS NVARCHAR(255),              -- Mã người ký chuyên môn (bắt buộc / required)
  TEN_BS NVARCHAR(255),             -- Tên người ký chuyên môn (bắt buộc / required)
  NGAY_CT NVARCHAR(8),              -- Ngày chứng từ (bắt buộc / required)
  MA_CHA NVARCHAR(10),              -- Mã BHXH của cha
  MA_ME NVARCHAR(10),               -- Mã BHXH của mẹ
  MA_THE_TAM NVARCHAR(15),          -- Mã thẻ BHYT tạm
  HO_TEN_CHA NVARCHAR(255),         -- Họ tên cha
  HO_TEN_ME NVARCHAR(255),          -- Họ tên mẹ
  SO_NGAY_NGHI INT,                 -- Số ngày nghỉ
  NGOAITRU_TUNGAY NVARCHAR(8),      -- Nghỉ ngoại trú từ ngày
  NGOAITRU_DENNGAY NVARCHAR(8),     -- Nghỉ ngoại trú đến ngày
  DU_PHONG NVARCHAR(MAX),           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Tóm tắt hồ sơ bệnh án / Medical record summary
CREATE TABLE XML8 (
  MA_LK NVARCHAR(100) NOT NULL, -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,          -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_LOAI_KCB NVARCHAR(2),      -- Hình thức khám chữa bệnh (bắt buộc / required)
  HO_TEN_CHA NVARCHAR(255),     -- Họ tên cha
  HO_TEN_ME NVARCHAR(255),      -- Họ tên mẹ
  NGUOI_GIAM_HO NVARCHAR(255),  -- Họ tên người giám hộ
  DON_VI NVARCHAR(1024),        -- Đơn vị công tác
  NGAY_VAO NVARCHAR(12),        -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_RA NVARCHAR(12),         -- Thời điểm kết thúc lần khám/ra viện (bắt buộc / required)
  CHAN_DOAN_VAO NVARCHAR(MAX),  -- Chẩn đoán lúc tiếp nhận (bắt buộc / required)
  CHAN_DOAN_RV NVARCHAR(MAX),   -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  QT_BENHLY NVARCHAR(MAX),      -- Quá trình bệnh lý, diễn biến (bắt buộc / required)
  TOMTAT_KQ NVARCHAR(MAX),      -- Tóm tắt kết quả cận lâm sàng (bắt buộc / required)
  PP_DIEUTRI NVARCHAR(MAX),     -- Phương pháp điều trị (bắt buộc / required)
  NGAY_SINHCON NVARCHAR(8),     -- Ngày sinh con (con chết)
  NGAY_CONCHET NVARCHAR(8),     -- Ngày con chết
  SO_CONCHET INT,               -- Số con chết
  KET_QUA_DTRI INT,             -- Kết quả điều trị (bắt buộc / required)
  GHI_CHU NVARCHAR(MAX),        -- Thông tin cha mẹ/giám hộ bổ sung
  MA_TTDV NVARCHAR(255),        -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  NGAY_CT NVARCHAR(8),          -- Ngày chứng từ (bắt buộc / required)
  MA_THE_TAM NVARCHAR(15),      -- Mã thẻ BHYT tạm
  DU_PHONG NVARCHAR(MAX),       -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy chứng sinh / Birth certificate
CREATE TABLE XML9 (
  MA_LK NVARCHAR(100) NOT NULL,   -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,            -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_BHXH_NND NVARCHAR(10),       -- Mã BHXH mẹ/người nuôi dưỡng
  MA_THE_NND NVARCHAR(15),        -- Mã thẻ mẹ/người nuôi dưỡng
  HO_TEN_NND NVARCHAR(255),       -- Họ tên mẹ/người nuôi dưỡng (bắt buộc / required)
  NGAYSINH_NND NVARCHAR(8),       -- Ngày sinh mẹ/người nuôi dưỡng (bắt buộc / required)
  MA_DANTOC_NND NVARCHAR(2),      -- Dân tộc mẹ/người nuôi dưỡng (bắt buộc / required)
  SO_CCCD_NND NVARCHAR(1000),     -- CCCD mẹ/người nuôi dưỡng (bắt buộc / required)
  NGAYCAP_CCCD_NND NVARCHAR(8),   -- Ngày cấp CCCD (bắt buộc / required)
  NOICAP_CCCD_NND NVARCHAR(1024), -- Nơi cấp CCCD (bắt buộc / required)
  NOI_CU_TRU_NND NVARCHAR(1024),  -- Nơi cư trú mẹ/người nuôi dưỡng (bắt buộc / required)
  MA_QUOCTICH NVARCHAR(3),        -- Mã quốc tịch (bắt buộc / required)
  MATINH_CU_TRU NVARCHAR(3),      -- Mã tỉnh nơi cư trú (bắt buộc / required)
  MAHUYEN_CU_TRU NVARCHAR(3),     -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU NVARCHAR(5),        -- Mã xã nơi cư trú (bắt buộc / required)
  HO_TEN_CHA NVARCHAR(255),       -- Họ tên cha
  MA_THE_TAM NVARCHAR(15),        -- Mã thẻ BHYT tạm
  HO_TEN_CON NVARCHAR(255),       -- Tên dự định của con
  GIOI_TINH_CON INT,              -- Giới tính con (bắt buộc / required)
  SO_CON INT,                     -- Số con lần sinh này (bắt buộc / required)
  LAN_SINH INT,                   -- Lần sinh thứ mấy (bắt buộc / required)
  SO_CON_SONG INT,                -- Số con hiện sống (bắt buộc / required)
  CAN_NANG_CON BIGINT,            -- Cân nặng con mới sinh (gam) (bắt buộc / required)
  NGAY_SINH_CON NVARCHAR(12),     -- Thời điểm sinh con (bắt buộc / required)
  NOI_SINH_CON NVARCHAR(1024),    -- Nơi sinh con (bắt buộc / required)
  TINH_TRANG_CON NVARCHAR(MAX),   -- Tình trạng con (bắt buộc / required)
  SINHCON_PHAUTHUAT INT,          -- Sinh phải phẫu thuật (bắt buộc / required)
  SINHCON_DUOI32TUAN INT,         -- Sinh dưới 32 tuần (bắt buộc / required)
  GHI_CHU NVARCHAR(MAX),          -- Ghi chú giấy chứng sinh
  NGUOI_DO_DE NVARCHAR(255),      -- Người đỡ đẻ (bắt buộc / required)
  NGUOI_GHI_PHIEU NVARCHAR(255),  -- Người ghi phiếu (bắt buộc / required)
  NGAY_CT NVARCHAR(8),            -- Ngày chứng từ (bắt buộc / required)
  SO NVARCHAR(200),               -- Số giấy chứng sinh (bắt buộc / required)
  QUYEN_SO NVARCHAR(200),         -- Quyển số (bắt buộc / required)
  MA_TTDV NVARCHAR(255),          -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  DU_PHONG NVARCHAR(MAX),         -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy nghỉ dưỡng thai / Antenatal leave certificate
CREATE TABLE XML10 (
  MA_LK NVARCHAR(100) NOT NULL, -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,          -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_SERI NVARCHAR(200),        -- Số seri chứng từ (bắt buộc / required)
  SO_CT NVARCHAR(200),          -- Số chứng từ nội bộ (bắt buộc / required)
  SO_NGAY INT,                  -- Số ngày nghỉ dưỡng thai (bắt buộc / required)
  DON_VI NVARCHAR(1024),        -- Đơn vị công tác (bắt buộc / required)
  CHAN_DOAN_RV NVARCHAR(MAX),   -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  TU_NGAY NVARCHAR(8),          -- Nghỉ từ ngày (bắt buộc / required)
  DEN_NGAY NVARCHAR(8),         -- Nghỉ đến ngày (bắt buộc / required)
  MA_TTDV NVARCHAR(255),        -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  TEN_BS NVARCHAR(255),         -- Tên người ký chuyên môn (bắt buộc / required)
  MA_BS NVARCHAR(255),          -- Mã người ký chuyên môn (bắt buộc / required)
  NGAY_CT NVARCHAR(8),          -- Ngày chứng từ (bắt buộc / required)
  DU_PHONG NVARCHAR(MAX),       -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy chứng nhận nghỉ việc hưởng BHXH / Sick leave certificate
CREATE TABLE XML11 (
  MA_LK NVARCHAR(100) NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,              -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_CT NVARCHAR(200),              -- Số chứng từ nội bộ (bắt buộc / required)
  SO_SERI NVARCHAR(200),            -- Số seri chứng từ (bắt buộc / required)
  SO_KCB NVARCHAR(200),             -- Số phiếu/sổ khám nội bộ (bắt buộc / required)
  DON_VI NVARCHAR(1024),            -- Đơn vị công tác (bắt buộc / required)
  MA_BHXH NVARCHAR(10),             -- Mã số BHXH (bắt buộc / required)
  MA_THE_BHYT NVARCHAR(1000),       -- Mã thẻ BHYT 15 ký tự
  CHAN_DOAN_RV NVARCHAR(MAX),       -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  PP_DIEUTRI NVARCHAR(MAX),         -- Phương pháp điều trị (bắt buộc / required)
  MA_DINH_CHI_THAI INT,             -- Cờ đình chỉ thai nghén
  NGUYENNHAN_DINHCHI NVARCHAR(MAX), -- Nguyên nhân đình chỉ thai
  TUOI_THAI INT,                    -- Tuổi thai (tuần, 1–42)
  SO_NGAY_NGHI INT,                 -- Số ngày nghỉ (bắt buộc / required)
  TU_NGAY NVARCHAR(8),              -- Nghỉ từ ngày (bắt buộc / required)
  DEN_NGAY NVARCHAR(8),             -- Nghỉ đến ngày (bắt buộc / required)
  HO_TEN_CHA NVARCHAR(255),         -- Họ tên cha
  HO_TEN_ME NVARCHAR(255),          -- Họ tên mẹ
  MA_TTDV NVARCHAR(255),            -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  MA_BS NVARCHAR(255),              -- Mã người ký chuyên môn (bắt buộc / required)
  NGAY_CT NVARCHAR(8),              -- Ngày chứng từ (bắt buộc / required)
  MA_THE_TAM NVARCHAR(15),          -- Mã thẻ BHYT tạm
  MAU_SO NVARCHAR(5),               -- Mẫu số chứng từ
  DU_PHONG NVARCHAR(MAX),           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giám định y khoa / Medical assessment
CREATE TABLE XML12 (
  MA_LK NVARCHAR(100) NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,              -- thứ tự dòng, từ 1 / order of the row, from 1
  NGUOI_CHU_TRI NVARCHAR(255),      -- Người chủ trì hội đồng (bắt buộc / required)
  CHUC_VU INT,                      -- Chức vụ người chủ trì (bắt buộc / required)
  NGAY_HOP NVARCHAR(8),             -- Ngày họp hội đồng (bắt buộc / required)
  HO_TEN NVARCHAR(255),             -- Họ tên người được giám định (bắt buộc / required)
  NGAY_SINH NVARCHAR(8),            -- Ngày giờ sinh (bắt buộc / required)
  SO_CCCD NVARCHAR(1000),           -- Số định danh cá nhân/CCCD hoặc hộ chiếu (bắt buộc / required)
  NGAY_CAP_CCCD NVARCHAR(8),        -- Ngày cấp giấy tờ tuỳ thân (bắt buộc / required)
  NOI_CAP_CCCD NVARCHAR(1024),      -- Nơi cấp giấy tờ tuỳ thân (bắt buộc / required)
  DIA_CHI NVARCHAR(1024),           -- Địa chỉ cư trú hiện tại (bắt buộc / required)
  MATINH_CU_TRU NVARCHAR(3),        -- Mã tỉnh nơi cư trú (bắt buộc / required)
  MAHUYEN_CU_TRU NVARCHAR(3),       -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU NVARCHAR(5),          -- Mã xã nơi cư trú (bắt buộc / required)
  MA_BHXH NVARCHAR(10),             -- Mã số BHXH (bắt buộc / required)
  MA_THE_BHYT NVARCHAR(15),         -- Mã thẻ BHYT 15 ký tự
  NGHE_NGHIEP NVARCHAR(100),        -- Nghề nghiệp (chữ)
  DIEN_THOAI NVARCHAR(15),          -- Điện thoại liên hệ (bắt buộc / required)
  MA_DOI_TUONG NVARCHAR(20),        -- Đối tượng giám định (bắt buộc / required)
  KHAM_GIAM_DINH INT,               -- Loại khám giám định (bắt buộc / required)
  SO_BIEN_BAN NVARCHAR(200),        -- Số biên bản (bắt buộc / required)
  TYLE_TTCT_CU INT,                 -- Tỷ lệ tổn thương trước
  DANG_HUONG_CHE_DO NVARCHAR(10),   -- Chế độ đang hưởng
  NGAY_CHUNG_TU NVARCHAR(8),        -- Ngày chứng từ (bắt buộc / required)
  SO_GIAY_GIOI_THIEU NVARCHAR(200), -- Số giấy giới thiệu (bắt buộc / required)
  NGAY_DE_NGHI NVARCHAR(8),         -- Ngày đề nghị (bắt buộc / required)
  MA_DONVI NVARCHAR(200),           -- Mã đơn vị giới thiệu (bắt buộc / required)
  GIOI_THIEU_CUA NVARCHAR(1024),    -- Tên đơn vị giới thiệu (bắt buộc / required)
  KET_QUA_KHAM NVARCHAR(MAX),       -- Kết quả khám (bắt buộc / required)
  SO_VAN_BAN_CAN_CU NVARCHAR(200),  -- Văn bản căn cứ (bắt buộc / required)
  TYLE_TTCT_MOI INT,                -- Tỷ lệ tổn thương lần này (bắt buộc / required)
  TONG_TYLE_TTCT INT,               -- Tổng tỷ lệ tổn thương
  DANG_KHUYETTAT INT,               -- Dạng khuyết tật
  MUC_DO_KHUYETTAT INT,             -- Mức độ khuyết tật
  DE_NGHI NVARCHAR(MAX),            -- Nội dung đề nghị (bắt buộc / required)
  DUOC_XACDINH NVARCHAR(MAX),       -- Nội dung được xác định (bắt buộc / required)
  DU_PHONG NVARCHAR(MAX),           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy chuyển cơ sở khám chữa bệnh / Transfer letter
CREATE TABLE XML13 (
  MA_LK NVARCHAR(100) NOT NULL,    -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,             -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_HOSO NVARCHAR(50),            -- Số hồ sơ giấy chuyển (bắt buộc / required)
  SO_CHUYENTUYEN NVARCHAR(50),     -- Số vào sổ chuyển tuyến (bắt buộc / required)
  GIAY_CHUYEN_TUYEN NVARCHAR(50),  -- Số giấy chuyển hoặc giấy hẹn (bắt buộc / required)
  MA_CSKCB_DI NVARCHAR(100),       -- Mã (các) cơ sở chuyển đến đây
  MA_CSKCB_DEN NVARCHAR(5),        -- Mã cơ sở nhận chuyển
  HO_TEN NVARCHAR(255),            -- Họ tên người bệnh (bắt buộc / required)
  NGAY_SINH NVARCHAR(12),          -- Ngày giờ sinh
  GIOI_TINH INT,                   -- Giới tính
  MA_QUOCTICH NVARCHAR(3),         -- Mã quốc tịch
  MA_DANTOC NVARCHAR(2),           -- Mã dân tộc
  MA_NGHE_NGHIEP NVARCHAR(5),      -- Mã nghề nghiệp
  DIA_CHI NVARCHAR(1024),          -- Địa chỉ cư trú hiện tại
  MA_THE_BHYT NVARCHAR(1000),      -- Mã thẻ BHYT 15 ký tự
  GT_THE_DEN NVARCHAR(1000),       -- Thẻ có giá trị đến ngày
  NGAY_VAO NVARCHAR(100),          -- Thời điểm đến khám/vào viện
  NGAY_VAO_NOI_TRU NVARCHAR(12),   -- Thời điểm vào nội trú hoặc ban ngày
  NGAY_RA NVARCHAR(100),           -- Thời điểm kết thúc lần khám/ra viện
  DAU_HIEU_LS NVARCHAR(MAX),       -- Dấu hiệu lâm sàng khi chuyển (bắt buộc / required)
  CHAN_DOAN_RV NVARCHAR(MAX),      -- Chẩn đoán ra viện đầy đủ
  QT_BENHLY NVARCHAR(MAX),         -- Quá trình bệnh lý, diễn biến (bắt buộc / required)
  TOMTAT_KQ NVARCHAR(MAX),         -- Tóm tắt kết quả cận lâm sàng
  PP_DIEUTRI NVARCHAR(MAX),        -- Phương pháp điều trị
  MA_BENH_CHINH NVARCHAR(7),       -- Mã bệnh chính ICD-10
  MA_BENH_KT NVARCHAR(100),        -- Các mã bệnh kèm theo ICD-10
  MA_BENH_YHCT NVARCHAR(255),      -- Mã bệnh y học cổ truyền
  TINH_TRANG_CT NVARCHAR(MAX),     -- Tình trạng lúc chuyển
  MA_LOAI_RV INT,                  -- Loại ra viện
  MA_LYDO_CT INT,                  -- Lý do chuyển (bắt buộc / required)
  HUONG_DIEU_TRI NVARCHAR(MAX),    -- Hướng điều trị tiếp (bắt buộc / required)
  PHUONGTIEN_VC NVARCHAR(255),     -- Phương tiện vận chuyển (bắt buộc / required)
  HOTEN_NGUOI_HT NVARCHAR(255),    -- Tên người hộ tống
  CHUCDANH_NGUOI_HT NVARCHAR(255), -- Chức danh người hộ tống
  MA_BAC_SI NVARCHAR(255),         -- Mã người ký giấy chuyển (bắt buộc / required)
  MA_TTDV NVARCHAR(255),           -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  DU_PHONG NVARCHAR(MAX),          -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy hẹn khám lại / Return appointment letter
CREATE TABLE XML14 (
  MA_LK NVARCHAR(100) NOT NULL,  -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,           -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_GIAYHEN_KL NVARCHAR(50),    -- Số giấy hẹn khám lại (bắt buộc / required)
  HO_TEN NVARCHAR(255),          -- Họ tên người bệnh (bắt buộc / required)
  NGAY_SINH NVARCHAR(12),        -- Ngày giờ sinh
  GIOI_TINH INT,                 -- Giới tính
  DIA_CHI NVARCHAR(1024),        -- Địa chỉ cư trú hiện tại
  MA_THE_BHYT NVARCHAR(1000),    -- Mã thẻ BHYT 15 ký tự
  GT_THE_DEN NVARCHAR(1000),     -- Thẻ có giá trị đến ngày
  NGAY_VAO NVARCHAR(12),         -- Thời điểm đến khám/vào viện
  NGAY_VAO_NOI_TRU NVARCHAR(12), -- Thời điểm vào nội trú hoặc ban ngày
  NGAY_RA NVARCHAR(12),          -- Thời điểm kết thúc lần khám/ra viện
  NGAY_HEN_KL NVARCHAR(8),       -- Ngày hẹn khám lại (bắt buộc / required)
  CHAN_DOAN_RV NVARCHAR(MAX),    -- Chẩn đoán ra viện đầy đủ
  MA_BENH_CHINH NVARCHAR(7),     -- Mã bệnh chính ICD-10
  MA_BENH_KT NVARCHAR(100),      -- Các mã bệnh kèm theo ICD-10
  MA_BENH_YHCT NVARCHAR(255),    -- Mã bệnh y học cổ truyền
  MA_DOITUONG_KCB NVARCHAR(4),   -- Mã đối tượng đến khám chữa bệnh
  MA_BAC_SI NVARCHAR(255),       -- Mã người ký giấy hẹn (bắt buộc / required)
  MA_TTDV NVARCHAR(255),         -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  NGAY_CT NVARCHAR(8),           -- Ngày chứng từ (bắt buộc / required)
  DU_PHONG NVARCHAR(MAX),        -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Điều trị bệnh lao / TB treatment
CREATE TABLE XML15 (
  MA_LK NVARCHAR(100) NOT NULL,    -- khoá của đợt khám / the encounter's key
  ROW_NO INT NOT NULL,             -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_BN NVARCHAR(100),             -- Mã người bệnh do cơ sở cấp (bắt buộc / required)
  HO_TEN NVARCHAR(255),            -- Họ tên người bệnh
  SO_CCCD NVARCHAR(1000),          -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  PHANLOAI_LAO_VITRI INT,          -- Lao theo vị trí (bắt buộc / required)
  PHANLOAI_LAO_TS INT,             -- Lao theo tiền sử điều trị (bắt buộc / required)
  PHANLOAI_LAO_HIV INT,            -- Lao theo tình trạng HIV (bắt buộc / required)
  PHANLOAI_LAO_VK INT,             -- Lao theo bằng chứng vi khuẩn (bắt buộc / required)
  PHANLOAI_LAO_KT INT,             -- Lao theo kháng thuốc
  LOAI_DTRI_LAO INT,               -- Loại điều trị lao (bắt buộc / required)
  NGAYBD_DTRI_LAO NVARCHAR(8),     -- Ngày bắt đầu điều trị lao (bắt buộc / required)
  PHACDO_DTRI_LAO INT,             -- Phác đồ điều trị lao (bắt buộc / required)
  NGAYKT_DTRI_LAO NVARCHAR(8),     -- Ngày kết thúc điều trị lao
  KET_QUA_DTRI_LAO INT,            -- Kết quả điều trị lao (bắt buộc / required)
  NGAYKD_HIV NVARCHAR(8),          -- Ngày khẳng định nhiễm HIV
  BDDT_ARV NVARCHAR(8),            -- Ngày bắt đầu ARV
  NGAY_BAT_DAU_DT_CTX NVARCHAR(8), -- Ngày bắt đầu cotrimoxazol
  DU_PHONG NVARCHAR(MAX),          -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);
