-- Bảng trung gian cho bhyt-adapter (sqlite), bố cục 3176. Sinh bởi: bhyt map staging
-- Staging tables for bhyt-adapter, generated; see docs/mapping/staging.md.

CREATE TABLE BHYT_ENCOUNTER (
  MA_LK TEXT NOT NULL,                       -- khoá của đợt khám / the encounter's key
  CHANGED_AT TEXT NOT NULL,                  -- ghi sau cùng, mỗi lần sửa / set last, at every change
  INSURED INTEGER DEFAULT 0 NOT NULL,        -- 1 = có thẻ BHYT / has a card
  READY_CHECKIN INTEGER DEFAULT 0 NOT NULL,  -- 1 = đã phát sinh chi phí đầu tiên / first cost has arisen
  READY_TREATING INTEGER DEFAULT 0 NOT NULL, -- 1 = đã phát sinh chi phí tại khoa điều trị / first cost in the treating department
  READY_CLAIM INTEGER DEFAULT 0 NOT NULL,    -- 1 = đã quyết toán / settled
  READY_BOOK INTEGER DEFAULT 0 NOT NULL,     -- 1 = đã kết thúc đợt khám chữa bệnh / visit has ended
  CHECKIN_EXEMPT INTEGER DEFAULT 0 NOT NULL, -- 1 = không phải gửi check-in / no check-in is due
  PRIMARY KEY (MA_LK)
);
CREATE INDEX IX_BHYT_ENCOUNTER_CHANGED ON BHYT_ENCOUNTER (CHANGED_AT);

-- Trạng thái khám chữa bệnh (check-in) / Visit status (check-in)
CREATE TABLE XML0 (
  MA_LK TEXT NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL, -- thứ tự dòng, từ 1 / order of the row, from 1
  OCCASION TEXT NOT NULL,  -- first_cost | treating_department
  MA_BN TEXT,              -- Mã người bệnh do cơ sở cấp (bắt buộc / required)
  HO_TEN TEXT,             -- Họ tên người bệnh (bắt buộc / required)
  SO_CCCD TEXT,            -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  NGAY_SINH TEXT,          -- Ngày giờ sinh (bắt buộc / required)
  GIOI_TINH INTEGER,       -- Giới tính (bắt buộc / required)
  MA_THE_BHYT TEXT,        -- Mã thẻ BHYT 15 ký tự
  MA_DKBD TEXT,            -- Mã nơi đăng ký KCB ban đầu
  GT_THE_TU TEXT,          -- Thẻ có giá trị từ ngày
  GT_THE_DEN TEXT,         -- Thẻ có giá trị đến ngày
  MA_DOITUONG_KCB TEXT,    -- Mã đối tượng đến khám chữa bệnh (bắt buộc / required)
  NGAY_VAO TEXT,           -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_VAO_NOI_TRU TEXT,   -- Thời điểm vào nội trú hoặc ban ngày
  LY_DO_VNT TEXT,          -- Lý do nhập nội trú
  MA_LY_DO_VNT TEXT,       -- Mã lý do nhập nội trú
  MA_LOAI_KCB TEXT,        -- Hình thức khám chữa bệnh (bắt buộc / required)
  MA_DICH_VU TEXT,         -- DVKT phát sinh chi phí đầu tiên
  TEN_DICH_VU TEXT,        -- Tên dịch vụ kỹ thuật
  MA_THUOC TEXT,           -- Thuốc phát sinh chi phí đầu tiên
  TEN_THUOC TEXT,          -- Tên thuốc
  MA_VAT_TU TEXT,          -- Vật tư phát sinh chi phí đầu tiên
  TEN_VAT_TU TEXT,         -- Tên vật tư y tế
  NGAY_YL TEXT,            -- Y lệnh phát sinh chi phí đầu tiên (bắt buộc / required)
  DU_PHONG TEXT,           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Tổng hợp khám chữa bệnh / Visit summary
CREATE TABLE XML1 (
  MA_LK TEXT NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL, -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_BN TEXT,              -- Mã người bệnh do cơ sở cấp (bắt buộc / required)
  HO_TEN TEXT,             -- Họ tên người bệnh (bắt buộc / required)
  SO_CCCD TEXT,            -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  NGAY_SINH TEXT,          -- Ngày giờ sinh (bắt buộc / required)
  GIOI_TINH INTEGER,       -- Giới tính (bắt buộc / required)
  NHOM_MAU TEXT,           -- Nhóm máu nếu biết
  MA_QUOCTICH TEXT,        -- Mã quốc tịch (bắt buộc / required)
  MA_DANTOC TEXT,          -- Mã dân tộc (bắt buộc / required)
  MA_NGHE_NGHIEP TEXT,     -- Mã nghề nghiệp (bắt buộc / required)
  DIA_CHI TEXT,            -- Địa chỉ cư trú hiện tại (bắt buộc / required)
  MATINH_CU_TRU TEXT,      -- Mã tỉnh nơi cư trú (bắt buộc / required)
  MAHUYEN_CU_TRU TEXT,     -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU TEXT,        -- Mã xã nơi cư trú (bắt buộc / required)
  DIEN_THOAI TEXT,         -- Điện thoại liên hệ
  MA_THE_BHYT TEXT,        -- Mã thẻ BHYT 15 ký tự
  MA_DKBD TEXT,            -- Mã nơi đăng ký KCB ban đầu
  GT_THE_TU TEXT,          -- Thẻ có giá trị từ ngày
  GT_THE_DEN TEXT,         -- Thẻ có giá trị đến ngày
  NGAY_MIEN_CCT TEXT,      -- Thời điểm được miễn cùng chi trả
  LY_DO_VV TEXT,           -- Lý do đến khám (bắt buộc / required)
  LY_DO_VNT TEXT,          -- Lý do nhập nội trú
  MA_LY_DO_VNT TEXT,       -- Mã lý do nhập nội trú
  CHAN_DOAN_VAO TEXT,      -- Chẩn đoán lúc tiếp nhận (bắt buộc / required)
  CHAN_DOAN_RV TEXT,       -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  MA_BENH_CHINH TEXT,      -- Mã bệnh chính ICD-10 (bắt buộc / required)
  MA_BENH_KT TEXT,         -- Các mã bệnh kèm theo ICD-10
  MA_BENH_YHCT TEXT,       -- Mã bệnh y học cổ truyền
  MA_PTTT_QT TEXT,         -- Mã phẫu thuật, thủ thuật ICD-9-CM
  MA_DOITUONG_KCB TEXT,    -- Mã đối tượng đến khám chữa bệnh (bắt buộc / required)
  MA_NOI_DI TEXT,          -- Mã cơ sở chuyển người bệnh đến đây
  MA_NOI_DEN TEXT,         -- Mã cơ sở nhận người bệnh chuyển đi
  MA_TAI_NAN INTEGER,      -- Mã tai nạn thương tích
  NGAY_VAO TEXT,           -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_VAO_NOI_TRU TEXT,   -- Thời điểm vào nội trú hoặc ban ngày
  NGAY_RA TEXT,            -- Thời điểm kết thúc lần khám/ra viện (bắt buộc / required)
  GIAY_CHUYEN_TUYEN TEXT,  -- Số giấy chuyển hoặc giấy hẹn
  SO_NGAY_DTRI INTEGER,    -- Số ngày điều trị (bắt buộc / required)
  PP_DIEU_TRI TEXT,        -- Phương pháp điều trị
  KET_QUA_DTRI INTEGER,    -- Kết quả điều trị (bắt buộc / required)
  MA_LOAI_RV INTEGER,      -- Loại ra viện (bắt buộc / required)
  GHI_CHU TEXT,            -- Lời dặn / ghi chú
  NGAY_TTOAN TEXT,         -- Thời điểm thanh toán
  T_THUOC TEXT,            -- Tổng tiền thuốc, máu, dịch (bắt buộc / required)
  T_VTYT TEXT,             -- Tổng tiền vật tư y tế (bắt buộc / required)
  T_TONGCHI_BV TEXT,       -- Tổng chi theo giá cơ sở (bắt buộc / required)
  T_TONGCHI_BH TEXT,       -- Tổng chi trong phạm vi BHYT (bắt buộc / required)
  T_BNTT TEXT,             -- Tiền người bệnh tự trả ngoài phạm vi (bắt buộc / required)
  T_BNCCT TEXT,            -- Tiền người bệnh cùng chi trả (bắt buộc / required)
  T_BHTT TEXT,             -- Tiền đề nghị quỹ BHYT trả (bắt buộc / required)
  T_NGUONKHAC TEXT,        -- Tiền từ các nguồn khác (bắt buộc / required)
  T_BHTT_GDV TEXT,         -- Phần quỹ trả theo giá dịch vụ (bắt buộc / required)
  NAM_QT INTEGER,          -- Năm quyết toán (bắt buộc / required)
  THANG_QT INTEGER,        -- Tháng quyết toán (bắt buộc / required)
  MA_LOAI_KCB TEXT,        -- Hình thức khám chữa bệnh (bắt buộc / required)
  MA_KHOA TEXT,            -- Mã khoa (bắt buộc / required)
  MA_KHUVUC TEXT,          -- Mã vùng sinh sống trên thẻ
  CAN_NANG TEXT,           -- Cân nặng người bệnh (kg) (bắt buộc / required)
  CAN_NANG_CON TEXT,       -- Cân nặng con mới sinh (gam)
  NAM_NAM_LIEN_TUC TEXT,   -- Ngày đủ 5 năm BHYT liên tục
  NGAY_TAI_KHAM TEXT,      -- Ngày hẹn tái khám
  MA_HSBA TEXT,            -- Số bệnh án / phiếu khám (bắt buộc / required)
  MA_TTDV TEXT,            -- Mã thủ trưởng đơn vị ký
  DU_PHONG TEXT,           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Chi tiết thuốc / Drugs
CREATE TABLE XML2 (
  MA_LK TEXT NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL, -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_THUOC TEXT,           -- Mã hoạt chất/thuốc
  MA_PP_CHEBIEN TEXT,      -- Mã phương pháp chế biến vị thuốc
  MA_CSKCB_THUOC TEXT,     -- Nguồn thuốc từ cơ sở khác
  MA_NHOM INTEGER,         -- Mã nhóm chi phí (bắt buộc / required)
  TEN_THUOC TEXT,          -- Tên thuốc (bắt buộc / required)
  DON_VI_TINH TEXT,        -- Đơn vị tính (bắt buộc / required)
  HAM_LUONG TEXT,          -- Hàm lượng
  DUONG_DUNG TEXT,         -- Mã đường dùng (bắt buộc / required)
  DANG_BAO_CHE TEXT,       -- Dạng bào chế
  LIEU_DUNG TEXT,          -- Liều dùng (bắt buộc / required)
  CACH_DUNG TEXT,          -- Cách dùng, lời dặn
  SO_DANG_KY TEXT,         -- Số đăng ký lưu hành
  TT_THAU TEXT,            -- Thông tin trúng thầu
  PHAM_VI INTEGER,         -- Phạm vi hưởng BHYT (bắt buộc / required)
  TYLE_TT_BH INTEGER,      -- Tỷ lệ quỹ thanh toán (%) (bắt buộc / required)
  SO_LUONG TEXT,           -- Số lượng (bắt buộc / required)
  DON_GIA TEXT,            -- Đơn giá thuốc (bắt buộc / required)
  THANH_TIEN_BV TEXT,      -- Thành tiền giá cơ sở (bắt buộc / required)
  THANH_TIEN_BH TEXT,      -- Thành tiền trong phạm vi BHYT (bắt buộc / required)
  T_NGUONKHAC_NSNN TEXT,   -- Nguồn khác: ngân sách nhà nước (bắt buộc / required)
  T_NGUONKHAC_VTNN TEXT,   -- Nguồn khác: viện trợ nước ngoài (bắt buộc / required)
  T_NGUONKHAC_VTTN TEXT,   -- Nguồn khác: viện trợ trong nước (bắt buộc / required)
  T_NGUONKHAC_CL TEXT,     -- Nguồn khác: còn lại (bắt buộc / required)
  T_NGUONKHAC TEXT,        -- Tiền từ các nguồn khác (bắt buộc / required)
  MUC_HUONG TEXT,          -- Mức hưởng BHYT (%) (bắt buộc / required)
  T_BNTT TEXT,             -- Tiền người bệnh tự trả ngoài phạm vi (bắt buộc / required)
  T_BNCCT TEXT,            -- Tiền người bệnh cùng chi trả (bắt buộc / required)
  T_BHTT TEXT,             -- Tiền đề nghị quỹ BHYT trả (bắt buộc / required)
  MA_KHOA TEXT,            -- Mã khoa (bắt buộc / required)
  MA_BAC_SI TEXT,          -- Mã người chỉ định
  MA_DICH_VU TEXT,         -- Mã DVKT có dùng thuốc này
  NGAY_YL TEXT,            -- Thời điểm ra y lệnh (bắt buộc / required)
  NGAY_TH_YL TEXT,         -- Thời điểm thực hiện y lệnh
  MA_PTTT INTEGER,         -- Phương thức thanh toán (bắt buộc / required)
  NGUON_CTRA INTEGER,      -- Nguồn chi trả thuốc (bắt buộc / required)
  VET_THUONG_TP INTEGER,   -- Đánh dấu vết thương tái phát
  DU_PHONG TEXT,           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Chi tiết dịch vụ kỹ thuật và vật tư y tế / Services and supplies
CREATE TABLE XML3 (
  MA_LK TEXT NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL, -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_DICH_VU TEXT,         -- Mã dịch vụ kỹ thuật
  MA_PTTT_QT TEXT,         -- Mã phẫu thuật, thủ thuật ICD-9-CM
  MA_VAT_TU TEXT,          -- Mã vật tư y tế
  MA_NHOM INTEGER,         -- Mã nhóm chi phí (bắt buộc / required)
  GOI_VTYT TEXT,           -- Gói vật tư G1, G2…
  TEN_VAT_TU TEXT,         -- Tên vật tư y tế
  TEN_DICH_VU TEXT,        -- Tên dịch vụ kỹ thuật
  MA_XANG_DAU TEXT,        -- Loại xăng dầu vận chuyển
  DON_VI_TINH TEXT,        -- Đơn vị tính (bắt buộc / required)
  PHAM_VI INTEGER,         -- Phạm vi hưởng BHYT (bắt buộc / required)
  SO_LUONG TEXT,           -- Số lượng (bắt buộc / required)
  DON_GIA_BV TEXT,         -- Đơn giá theo cơ sở (bắt buộc / required)
  DON_GIA_BH TEXT,         -- Đơn giá BHYT (bắt buộc / required)
  TT_THAU TEXT,            -- Thông tin trúng thầu
  TYLE_TT_DV INTEGER,      -- Tỷ lệ thanh toán dịch vụ (%) (bắt buộc / required)
  TYLE_TT_BH INTEGER,      -- Tỷ lệ quỹ thanh toán (%) (bắt buộc / required)
  THANH_TIEN_BV TEXT,      -- Thành tiền giá cơ sở (bắt buộc / required)
  THANH_TIEN_BH TEXT,      -- Thành tiền trong phạm vi BHYT (bắt buộc / required)
  T_TRANTT TEXT,           -- Trần thanh toán vật tư
  MUC_HUONG TEXT,          -- Mức hưởng BHYT (%) (bắt buộc / required)
  T_NGUONKHAC_NSNN TEXT,   -- Nguồn khác: ngân sách nhà nước (bắt buộc / required)
  T_NGUONKHAC_VTNN TEXT,   -- Nguồn khác: viện trợ nước ngoài (bắt buộc / required)
  T_NGUONKHAC_VTTN TEXT,   -- Nguồn khác: viện trợ trong nước (bắt buộc / required)
  T_NGUONKHAC_CL TEXT,     -- Nguồn khác: còn lại (bắt buộc / required)
  T_NGUONKHAC TEXT,        -- Tiền từ các nguồn khác (bắt buộc / required)
  T_BNTT TEXT,             -- Tiền người bệnh tự trả ngoài phạm vi (bắt buộc / required)
  T_BNCCT TEXT,            -- Tiền người bệnh cùng chi trả (bắt buộc / required)
  T_BHTT TEXT,             -- Tiền đề nghị quỹ BHYT trả (bắt buộc / required)
  MA_KHOA TEXT,            -- Mã khoa (bắt buộc / required)
  MA_GIUONG TEXT,          -- Mã giường
  MA_BAC_SI TEXT,          -- Mã người khám, chỉ định (bắt buộc / required)
  NGUOI_THUC_HIEN TEXT,    -- Mã người thực hiện
  MA_BENH TEXT,            -- Mã ICD-10 lý do chỉ định
  MA_BENH_YHCT TEXT,       -- Mã bệnh y học cổ truyền
  NGAY_YL TEXT,            -- Thời điểm ra y lệnh (bắt buộc / required)
  NGAY_TH_YL TEXT,         -- Thời điểm thực hiện y lệnh
  NGAY_KQ TEXT,            -- Thời điểm có kết quả
  MA_PTTT INTEGER,         -- Phương thức thanh toán (bắt buộc / required)
  VET_THUONG_TP INTEGER,   -- Đánh dấu vết thương tái phát
  PP_VO_CAM INTEGER,       -- Phương pháp vô cảm
  VI_TRI_TH_DVKT INTEGER,  -- Vị trí cơ thể thực hiện
  MA_MAY TEXT,             -- Mã máy thực hiện
  MA_HIEU_SP TEXT,         -- Mã hiệu sản phẩm vật tư
  TAI_SU_DUNG INTEGER,     -- Đánh dấu vật tư tái sử dụng
  DU_PHONG TEXT,           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Kết quả cận lâm sàng / Test results
CREATE TABLE XML4 (
  MA_LK TEXT NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL, -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_DICH_VU TEXT,         -- Mã dịch vụ kỹ thuật
  MA_CHI_SO TEXT,          -- Mã chỉ số cận lâm sàng
  TEN_CHI_SO TEXT,         -- Tên chỉ số cận lâm sàng (bắt buộc / required)
  GIA_TRI TEXT,            -- Giá trị kết quả
  DON_VI_DO TEXT,          -- Đơn vị đo
  MO_TA TEXT,              -- Mô tả kết quả
  KET_LUAN TEXT,           -- Kết luận
  NGAY_KQ TEXT,            -- Thời điểm có kết quả
  MA_BS_DOC_KQ TEXT,       -- Mã người đọc/duyệt kết quả
  DU_PHONG TEXT,           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Diễn biến lâm sàng / Clinical notes
CREATE TABLE XML5 (
  MA_LK TEXT NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL, -- thứ tự dòng, từ 1 / order of the row, from 1
  DIEN_BIEN_LS TEXT,       -- Diễn biến lâm sàng, sinh hiệu (bắt buộc / required)
  GIAI_DOAN_BENH TEXT,     -- Giai đoạn bệnh
  HOI_CHAN TEXT,           -- Kết quả hội chẩn
  PHAU_THUAT TEXT,         -- Mô tả cách thức phẫu thuật, thủ thuật
  THOI_DIEM_DBLS TEXT,     -- Thời điểm ghi diễn biến (bắt buộc / required)
  NGUOI_THUC_HIEN TEXT,    -- Mã người thực hiện (bắt buộc / required)
  DU_PHONG TEXT,           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Chăm sóc và điều trị HIV/AIDS / HIV care
CREATE TABLE XML6 (
  MA_LK TEXT NOT NULL,           -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL,       -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_THE_BHYT TEXT,              -- Mã thẻ BHYT 15 ký tự
  SO_CCCD TEXT,                  -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  NGAY_SINH TEXT,                -- Ngày giờ sinh
  GIOI_TINH INTEGER,             -- Giới tính
  DIA_CHI TEXT,                  -- Địa chỉ cư trú hiện tại
  MATINH_CU_TRU TEXT,            -- Mã tỉnh nơi cư trú
  MAHUYEN_CU_TRU TEXT,           -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU TEXT,              -- Mã xã nơi cư trú
  NGAYKD_HIV TEXT,               -- Ngày khẳng định nhiễm HIV
  NOI_LAY_MAU_XN TEXT,           -- Cơ sở lấy mẫu HIV (bắt buộc / required)
  NOI_XN_KD TEXT,                -- Cơ sở xét nghiệm khẳng định (bắt buộc / required)
  NOI_BDDT_ARV TEXT,             -- Cơ sở bắt đầu ARV (bắt buộc / required)
  BDDT_ARV TEXT,                 -- Ngày bắt đầu ARV
  MA_PHAC_DO_DIEU_TRI_BD TEXT,   -- Phác đồ ARV ban đầu
  MA_BAC_PHAC_DO_BD INTEGER,     -- Bậc phác đồ ban đầu
  MA_LYDO_DTRI INTEGER,          -- Lý do đăng ký điều trị HIV (bắt buộc / required)
  LOAI_DTRI_LAO INTEGER,         -- Loại điều trị lao (bắt buộc / required)
  SANG_LOC_LAO INTEGER,          -- Cách sàng lọc lao (bắt buộc / required)
  PHACDO_DTRI_LAO INTEGER,       -- Phác đồ điều trị lao
  NGAYBD_DTRI_LAO TEXT,          -- Ngày bắt đầu điều trị lao
  NGAYKT_DTRI_LAO TEXT,          -- Ngày kết thúc điều trị lao
  KQ_DTRI_LAO INTEGER,           -- Kết quả điều trị lao (bắt buộc / required)
  MA_LYDO_XNTL_VR INTEGER,       -- Lý do đo tải lượng vi rút
  NGAY_XN_TLVR TEXT,             -- Ngày lấy mẫu tải lượng
  KQ_XNTL_VR INTEGER,            -- Nhóm kết quả tải lượng
  NGAY_KQ_XN_TLVR TEXT,          -- Ngày có kết quả tải lượng
  MA_LOAI_BN INTEGER,            -- Loại người đến khám HIV (bắt buộc / required)
  GIAI_DOAN_LAM_SANG INTEGER,    -- Giai đoạn lâm sàng HIV (bắt buộc / required)
  NHOM_DOI_TUONG INTEGER,        -- Nhóm nguy cơ (bắt buộc / required)
  MA_TINH_TRANG_DK TEXT,         -- Tình trạng khi đăng ký khám (bắt buộc / required)
  LAN_XN_PCR INTEGER,            -- Lần xét nghiệm PCR
  NGAY_XN_PCR TEXT,              -- Ngày xét nghiệm PCR
  NGAY_KQ_XN_PCR TEXT,           -- Ngày có kết quả PCR
  MA_KQ_XN_PCR INTEGER,          -- Kết quả PCR
  NGAY_NHAN_TT_MANG_THAI TEXT,   -- Ngày biết thông tin mang thai
  NGAY_BAT_DAU_DT_CTX TEXT,      -- Ngày bắt đầu cotrimoxazol
  MA_XU_TRI TEXT,                -- Mã xử trí (bắt buộc / required)
  NGAY_BAT_DAU_XU_TRI TEXT,      -- Ngày bắt đầu xử trí ARV
  NGAY_KET_THUC_XU_TRI TEXT,     -- Ngày kết thúc xử trí ARV
  MA_PHAC_DO_DIEU_TRI TEXT,      -- Phác đồ ARV hiện tại (bắt buộc / required)
  MA_BAC_PHAC_DO INTEGER,        -- Bậc phác đồ hiện tại
  SO_NGAY_CAP_THUOC_ARV INTEGER, -- Số ngày cấp ARV
  NGAY_CHUYEN_PHAC_DO TEXT,      -- Ngày đổi phác đồ
  LY_DO_CHUYEN_PHAC_DO INTEGER,  -- Lý do đổi phác đồ
  DU_PHONG TEXT,                 -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy ra viện / Discharge letter
CREATE TABLE XML7 (
  MA_LK TEXT NOT NULL,      -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL,  -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_LUU_TRU TEXT,          -- Số lưu trữ hồ sơ (bắt buộc / required)
  MA_YTE TEXT,              -- Mã y tế (= MA_BN) (bắt buộc / required)
  MA_KHOA_RV TEXT,          -- Khoa tổng kết ra viện (bắt buộc / required)
  NGAY_VAO TEXT,            -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_RA TEXT,             -- Thời điểm kết thúc lần khám/ra viện (bắt buộc / required)
  MA_DINH_CHI_THAI INTEGER, -- Cờ đình chỉ thai nghén
  NGUYENNHAN_DINHCHI TEXT,  -- Nguyên nhân đình chỉ thai
  THOIGIAN_DINHCHI TEXT,    -- Thời điểm đình chỉ thai
  TUOI_THAI INTEGER,        -- Tuổi thai (tuần, 1–42)
  CHAN_DOAN_RV TEXT,        -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  PP_DIEUTRI TEXT,          -- Phương pháp điều trị (bắt buộc / required)
  GHI_CHU TEXT,             -- Ghi chú giấy ra viện
  MA_TTDV TEXT,             -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  MA_BS TEXT,               -- Mã người ký chuyên môn (bắt buộc / required)
  TEN_BS TEXT,              -- Tên người ký chuyên môn (bắt buộc / required)
  NGAY_CT TEXT,             -- Ngày chứng từ (bắt buộc / required)
  MA_CHA TEXT,              -- Mã BHXH của cha
  MA_ME TEXT,               -- Mã BHXH của mẹ
  MA_THE_TAM TEXT,          -- Mã thẻ BHYT tạm
  HO_TEN_CHA TEXT,          -- Họ tên cha
  HO_TEN_ME TEXT,           -- Họ tên mẹ
  SO_NGAY_NGHI INTEGER,     -- Số ngày nghỉ
  NGOAITRU_TUNGAY TEXT,     -- Nghỉ ngoại trú từ ngày
  NGOAITRU_DENNGAY TEXT,    -- Nghỉ ngoại trú đến ngày
  DU_PHONG TEXT,            -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Tóm tắt hồ sơ bệnh án / Medical record summary
CREATE TABLE XML8 (
  MA_LK TEXT NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL, -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_LOAI_KCB TEXT,        -- Hình thức khám chữa bệnh (bắt buộc / required)
  HO_TEN_CHA TEXT,         -- Họ tên cha
  HO_TEN_ME TEXT,          -- Họ tên mẹ
  NGUOI_GIAM_HO TEXT,      -- Họ tên người giám hộ
  DON_VI TEXT,             -- Đơn vị công tác
  NGAY_VAO TEXT,           -- Thời điểm đến khám/vào viện (bắt buộc / required)
  NGAY_RA TEXT,            -- Thời điểm kết thúc lần khám/ra viện (bắt buộc / required)
  CHAN_DOAN_VAO TEXT,      -- Chẩn đoán lúc tiếp nhận (bắt buộc / required)
  CHAN_DOAN_RV TEXT,       -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  QT_BENHLY TEXT,          -- Quá trình bệnh lý, diễn biến (bắt buộc / required)
  TOMTAT_KQ TEXT,          -- Tóm tắt kết quả cận lâm sàng (bắt buộc / required)
  PP_DIEUTRI TEXT,         -- Phương pháp điều trị (bắt buộc / required)
  NGAY_SINHCON TEXT,       -- Ngày sinh con (con chết)
  NGAY_CONCHET TEXT,       -- Ngày con chết
  SO_CONCHET INTEGER,      -- Số con chết
  KET_QUA_DTRI INTEGER,    -- Kết quả điều trị (bắt buộc / required)
  GHI_CHU TEXT,            -- Thông tin cha mẹ/giám hộ bổ sung
  MA_TTDV TEXT,            -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  NGAY_CT TEXT,            -- Ngày chứng từ (bắt buộc / required)
  MA_THE_TAM TEXT,         -- Mã thẻ BHYT tạm
  DU_PHONG TEXT,           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy chứng sinh / Birth certificate
CREATE TABLE XML9 (
  MA_LK TEXT NOT NULL,        -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL,    -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_BHXH_NND TEXT,           -- Mã BHXH mẹ/người nuôi dưỡng
  MA_THE_NND TEXT,            -- Mã thẻ mẹ/người nuôi dưỡng
  HO_TEN_NND TEXT,            -- Họ tên mẹ/người nuôi dưỡng (bắt buộc / required)
  NGAYSINH_NND TEXT,          -- Ngày sinh mẹ/người nuôi dưỡng (bắt buộc / required)
  MA_DANTOC_NND TEXT,         -- Dân tộc mẹ/người nuôi dưỡng (bắt buộc / required)
  SO_CCCD_NND TEXT,           -- CCCD mẹ/người nuôi dưỡng (bắt buộc / required)
  NGAYCAP_CCCD_NND TEXT,      -- Ngày cấp CCCD (bắt buộc / required)
  NOICAP_CCCD_NND TEXT,       -- Nơi cấp CCCD (bắt buộc / required)
  NOI_CU_TRU_NND TEXT,        -- Nơi cư trú mẹ/người nuôi dưỡng (bắt buộc / required)
  MA_QUOCTICH TEXT,           -- Mã quốc tịch (bắt buộc / required)
  MATINH_CU_TRU TEXT,         -- Mã tỉnh nơi cư trú (bắt buộc / required)
  MAHUYEN_CU_TRU TEXT,        -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU TEXT,           -- Mã xã nơi cư trú (bắt buộc / required)
  HO_TEN_CHA TEXT,            -- Họ tên cha
  MA_THE_TAM TEXT,            -- Mã thẻ BHYT tạm
  HO_TEN_CON TEXT,            -- Tên dự định của con
  GIOI_TINH_CON INTEGER,      -- Giới tính con (bắt buộc / required)
  SO_CON INTEGER,             -- Số con lần sinh này (bắt buộc / required)
  LAN_SINH INTEGER,           -- Lần sinh thứ mấy (bắt buộc / required)
  SO_CON_SONG INTEGER,        -- Số con hiện sống (bắt buộc / required)
  CAN_NANG_CON INTEGER,       -- Cân nặng con mới sinh (gam) (bắt buộc / required)
  NGAY_SINH_CON TEXT,         -- Thời điểm sinh con (bắt buộc / required)
  NOI_SINH_CON TEXT,          -- Nơi sinh con (bắt buộc / required)
  TINH_TRANG_CON TEXT,        -- Tình trạng con (bắt buộc / required)
  SINHCON_PHAUTHUAT INTEGER,  -- Sinh phải phẫu thuật (bắt buộc / required)
  SINHCON_DUOI32TUAN INTEGER, -- Sinh dưới 32 tuần (bắt buộc / required)
  GHI_CHU TEXT,               -- Ghi chú giấy chứng sinh
  NGUOI_DO_DE TEXT,           -- Người đỡ đẻ (bắt buộc / required)
  NGUOI_GHI_PHIEU TEXT,       -- Người ghi phiếu (bắt buộc / required)
  NGAY_CT TEXT,               -- Ngày chứng từ (bắt buộc / required)
  SO TEXT,                    -- Số giấy chứng sinh (bắt buộc / required)
  QUYEN_SO TEXT,              -- Quyển số (bắt buộc / required)
  MA_TTDV TEXT,               -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  DU_PHONG TEXT,              -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy nghỉ dưỡng thai / Antenatal leave certificate
CREATE TABLE XML10 (
  MA_LK TEXT NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL, -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_SERI TEXT,            -- Số seri chứng từ (bắt buộc / required)
  SO_CT TEXT,              -- Số chứng từ nội bộ (bắt buộc / required)
  SO_NGAY INTEGER,         -- Số ngày nghỉ dưỡng thai (bắt buộc / required)
  DON_VI TEXT,             -- Đơn vị công tác (bắt buộc / required)
  CHAN_DOAN_RV TEXT,       -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  TU_NGAY TEXT,            -- Nghỉ từ ngày (bắt buộc / required)
  DEN_NGAY TEXT,           -- Nghỉ đến ngày (bắt buộc / required)
  MA_TTDV TEXT,            -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  TEN_BS TEXT,             -- Tên người ký chuyên môn (bắt buộc / required)
  MA_BS TEXT,              -- Mã người ký chuyên môn (bắt buộc / required)
  NGAY_CT TEXT,            -- Ngày chứng từ (bắt buộc / required)
  DU_PHONG TEXT,           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy chứng nhận nghỉ việc hưởng BHXH / Sick leave certificate
CREATE TABLE XML11 (
  MA_LK TEXT NOT NULL,      -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL,  -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_CT TEXT,               -- Số chứng từ nội bộ (bắt buộc / required)
  SO_SERI TEXT,             -- Số seri chứng từ (bắt buộc / required)
  SO_KCB TEXT,              -- Số phiếu/sổ khám nội bộ (bắt buộc / required)
  DON_VI TEXT,              -- Đơn vị công tác (bắt buộc / required)
  MA_BHXH TEXT,             -- Mã số BHXH (bắt buộc / required)
  MA_THE_BHYT TEXT,         -- Mã thẻ BHYT 15 ký tự
  CHAN_DOAN_RV TEXT,        -- Chẩn đoán ra viện đầy đủ (bắt buộc / required)
  PP_DIEUTRI TEXT,          -- Phương pháp điều trị (bắt buộc / required)
  MA_DINH_CHI_THAI INTEGER, -- Cờ đình chỉ thai nghén
  NGUYENNHAN_DINHCHI TEXT,  -- Nguyên nhân đình chỉ thai
  TUOI_THAI INTEGER,        -- Tuổi thai (tuần, 1–42)
  SO_NGAY_NGHI INTEGER,     -- Số ngày nghỉ (bắt buộc / required)
  TU_NGAY TEXT,             -- Nghỉ từ ngày (bắt buộc / required)
  DEN_NGAY TEXT,            -- Nghỉ đến ngày (bắt buộc / required)
  HO_TEN_CHA TEXT,          -- Họ tên cha
  HO_TEN_ME TEXT,           -- Họ tên mẹ
  MA_TTDV TEXT,             -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  MA_BS TEXT,               -- Mã người ký chuyên môn (bắt buộc / required)
  NGAY_CT TEXT,             -- Ngày chứng từ (bắt buộc / required)
  MA_THE_TAM TEXT,          -- Mã thẻ BHYT tạm
  MAU_SO TEXT,              -- Mẫu số chứng từ
  DU_PHONG TEXT,            -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giám định y khoa / Medical assessment
CREATE TABLE XML12 (
  MA_LK TEXT NOT NULL,      -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL,  -- thứ tự dòng, từ 1 / order of the row, from 1
  NGUOI_CHU_TRI TEXT,       -- Người chủ trì hội đồng (bắt buộc / required)
  CHUC_VU INTEGER,          -- Chức vụ người chủ trì (bắt buộc / required)
  NGAY_HOP TEXT,            -- Ngày họp hội đồng (bắt buộc / required)
  HO_TEN TEXT,              -- Họ tên người được giám định (bắt buộc / required)
  NGAY_SINH TEXT,           -- Ngày giờ sinh (bắt buộc / required)
  SO_CCCD TEXT,             -- Số định danh cá nhân/CCCD hoặc hộ chiếu (bắt buộc / required)
  NGAY_CAP_CCCD TEXT,       -- Ngày cấp giấy tờ tuỳ thân (bắt buộc / required)
  NOI_CAP_CCCD TEXT,        -- Nơi cấp giấy tờ tuỳ thân (bắt buộc / required)
  DIA_CHI TEXT,             -- Địa chỉ cư trú hiện tại (bắt buộc / required)
  MATINH_CU_TRU TEXT,       -- Mã tỉnh nơi cư trú (bắt buộc / required)
  MAHUYEN_CU_TRU TEXT,      -- Mã huyện nơi cư trú (bỏ trống từ 7/2025)
  MAXA_CU_TRU TEXT,         -- Mã xã nơi cư trú (bắt buộc / required)
  MA_BHXH TEXT,             -- Mã số BHXH (bắt buộc / required)
  MA_THE_BHYT TEXT,         -- Mã thẻ BHYT 15 ký tự
  NGHE_NGHIEP TEXT,         -- Nghề nghiệp (chữ)
  DIEN_THOAI TEXT,          -- Điện thoại liên hệ (bắt buộc / required)
  MA_DOI_TUONG TEXT,        -- Đối tượng giám định (bắt buộc / required)
  KHAM_GIAM_DINH INTEGER,   -- Loại khám giám định (bắt buộc / required)
  SO_BIEN_BAN TEXT,         -- Số biên bản (bắt buộc / required)
  TYLE_TTCT_CU INTEGER,     -- Tỷ lệ tổn thương trước
  DANG_HUONG_CHE_DO TEXT,   -- Chế độ đang hưởng
  NGAY_CHUNG_TU TEXT,       -- Ngày chứng từ (bắt buộc / required)
  SO_GIAY_GIOI_THIEU TEXT,  -- Số giấy giới thiệu (bắt buộc / required)
  NGAY_DE_NGHI TEXT,        -- Ngày đề nghị (bắt buộc / required)
  MA_DONVI TEXT,            -- Mã đơn vị giới thiệu (bắt buộc / required)
  GIOI_THIEU_CUA TEXT,      -- Tên đơn vị giới thiệu (bắt buộc / required)
  KET_QUA_KHAM TEXT,        -- Kết quả khám (bắt buộc / required)
  SO_VAN_BAN_CAN_CU TEXT,   -- Văn bản căn cứ (bắt buộc / required)
  TYLE_TTCT_MOI INTEGER,    -- Tỷ lệ tổn thương lần này (bắt buộc / required)
  TONG_TYLE_TTCT INTEGER,   -- Tổng tỷ lệ tổn thương
  DANG_KHUYETTAT INTEGER,   -- Dạng khuyết tật
  MUC_DO_KHUYETTAT INTEGER, -- Mức độ khuyết tật
  DE_NGHI TEXT,             -- Nội dung đề nghị (bắt buộc / required)
  DUOC_XACDINH TEXT,        -- Nội dung được xác định (bắt buộc / required)
  DU_PHONG TEXT,            -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy chuyển cơ sở khám chữa bệnh / Transfer letter
CREATE TABLE XML13 (
  MA_LK TEXT NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL, -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_HOSO TEXT,            -- Số hồ sơ giấy chuyển (bắt buộc / required)
  SO_CHUYENTUYEN TEXT,     -- Số vào sổ chuyển tuyến (bắt buộc / required)
  GIAY_CHUYEN_TUYEN TEXT,  -- Số giấy chuyển hoặc giấy hẹn (bắt buộc / required)
  MA_CSKCB_DI TEXT,        -- Mã (các) cơ sở chuyển đến đây
  MA_CSKCB_DEN TEXT,       -- Mã cơ sở nhận chuyển
  HO_TEN TEXT,             -- Họ tên người bệnh (bắt buộc / required)
  NGAY_SINH TEXT,          -- Ngày giờ sinh
  GIOI_TINH INTEGER,       -- Giới tính
  MA_QUOCTICH TEXT,        -- Mã quốc tịch
  MA_DANTOC TEXT,          -- Mã dân tộc
  MA_NGHE_NGHIEP TEXT,     -- Mã nghề nghiệp
  DIA_CHI TEXT,            -- Địa chỉ cư trú hiện tại
  MA_THE_BHYT TEXT,        -- Mã thẻ BHYT 15 ký tự
  GT_THE_DEN TEXT,         -- Thẻ có giá trị đến ngày
  NGAY_VAO TEXT,           -- Thời điểm đến khám/vào viện
  NGAY_VAO_NOI_TRU TEXT,   -- Thời điểm vào nội trú hoặc ban ngày
  NGAY_RA TEXT,            -- Thời điểm kết thúc lần khám/ra viện
  DAU_HIEU_LS TEXT,        -- Dấu hiệu lâm sàng khi chuyển (bắt buộc / required)
  CHAN_DOAN_RV TEXT,       -- Chẩn đoán ra viện đầy đủ
  QT_BENHLY TEXT,          -- Quá trình bệnh lý, diễn biến (bắt buộc / required)
  TOMTAT_KQ TEXT,          -- Tóm tắt kết quả cận lâm sàng
  PP_DIEUTRI TEXT,         -- Phương pháp điều trị
  MA_BENH_CHINH TEXT,      -- Mã bệnh chính ICD-10
  MA_BENH_KT TEXT,         -- Các mã bệnh kèm theo ICD-10
  MA_BENH_YHCT TEXT,       -- Mã bệnh y học cổ truyền
  TINH_TRANG_CT TEXT,      -- Tình trạng lúc chuyển
  MA_LOAI_RV INTEGER,      -- Loại ra viện
  MA_LYDO_CT INTEGER,      -- Lý do chuyển (bắt buộc / required)
  HUONG_DIEU_TRI TEXT,     -- Hướng điều trị tiếp (bắt buộc / required)
  PHUONGTIEN_VC TEXT,      -- Phương tiện vận chuyển (bắt buộc / required)
  HOTEN_NGUOI_HT TEXT,     -- Tên người hộ tống
  CHUCDANH_NGUOI_HT TEXT,  -- Chức danh người hộ tống
  MA_BAC_SI TEXT,          -- Mã người ký giấy chuyển (bắt buộc / required)
  MA_TTDV TEXT,            -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  DU_PHONG TEXT,           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Giấy hẹn khám lại / Return appointment letter
CREATE TABLE XML14 (
  MA_LK TEXT NOT NULL,     -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL, -- thứ tự dòng, từ 1 / order of the row, from 1
  SO_GIAYHEN_KL TEXT,      -- Số giấy hẹn khám lại (bắt buộc / required)
  HO_TEN TEXT,             -- Họ tên người bệnh (bắt buộc / required)
  NGAY_SINH TEXT,          -- Ngày giờ sinh
  GIOI_TINH INTEGER,       -- Giới tính
  DIA_CHI TEXT,            -- Địa chỉ cư trú hiện tại
  MA_THE_BHYT TEXT,        -- Mã thẻ BHYT 15 ký tự
  GT_THE_DEN TEXT,         -- Thẻ có giá trị đến ngày
  NGAY_VAO TEXT,           -- Thời điểm đến khám/vào viện
  NGAY_VAO_NOI_TRU TEXT,   -- Thời điểm vào nội trú hoặc ban ngày
  NGAY_RA TEXT,            -- Thời điểm kết thúc lần khám/ra viện
  NGAY_HEN_KL TEXT,        -- Ngày hẹn khám lại (bắt buộc / required)
  CHAN_DOAN_RV TEXT,       -- Chẩn đoán ra viện đầy đủ
  MA_BENH_CHINH TEXT,      -- Mã bệnh chính ICD-10
  MA_BENH_KT TEXT,         -- Các mã bệnh kèm theo ICD-10
  MA_BENH_YHCT TEXT,       -- Mã bệnh y học cổ truyền
  MA_DOITUONG_KCB TEXT,    -- Mã đối tượng đến khám chữa bệnh
  MA_BAC_SI TEXT,          -- Mã người ký giấy hẹn (bắt buộc / required)
  MA_TTDV TEXT,            -- Mã thủ trưởng đơn vị ký (bắt buộc / required)
  NGAY_CT TEXT,            -- Ngày chứng từ (bắt buộc / required)
  DU_PHONG TEXT,           -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);

-- Điều trị bệnh lao / TB treatment
CREATE TABLE XML15 (
  MA_LK TEXT NOT NULL,        -- khoá của đợt khám / the encounter's key
  ROW_NO INTEGER NOT NULL,    -- thứ tự dòng, từ 1 / order of the row, from 1
  MA_BN TEXT,                 -- Mã người bệnh do cơ sở cấp (bắt buộc / required)
  HO_TEN TEXT,                -- Họ tên người bệnh
  SO_CCCD TEXT,               -- Số định danh cá nhân/CCCD hoặc hộ chiếu
  PHANLOAI_LAO_VITRI INTEGER, -- Lao theo vị trí (bắt buộc / required)
  PHANLOAI_LAO_TS INTEGER,    -- Lao theo tiền sử điều trị (bắt buộc / required)
  PHANLOAI_LAO_HIV INTEGER,   -- Lao theo tình trạng HIV (bắt buộc / required)
  PHANLOAI_LAO_VK INTEGER,    -- Lao theo bằng chứng vi khuẩn (bắt buộc / required)
  PHANLOAI_LAO_KT INTEGER,    -- Lao theo kháng thuốc
  LOAI_DTRI_LAO INTEGER,      -- Loại điều trị lao (bắt buộc / required)
  NGAYBD_DTRI_LAO TEXT,       -- Ngày bắt đầu điều trị lao (bắt buộc / required)
  PHACDO_DTRI_LAO INTEGER,    -- Phác đồ điều trị lao (bắt buộc / required)
  NGAYKT_DTRI_LAO TEXT,       -- Ngày kết thúc điều trị lao
  KET_QUA_DTRI_LAO INTEGER,   -- Kết quả điều trị lao (bắt buộc / required)
  NGAYKD_HIV TEXT,            -- Ngày khẳng định nhiễm HIV
  BDDT_ARV TEXT,              -- Ngày bắt đầu ARV
  NGAY_BAT_DAU_DT_CTX TEXT,   -- Ngày bắt đầu cotrimoxazol
  DU_PHONG TEXT,              -- Trường dự phòng
  PRIMARY KEY (MA_LK, ROW_NO)
);
