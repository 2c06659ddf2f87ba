package schema

import (
	"sync"

	"kuaitu/block"
)

// Builtin returns the declarations that the product ships: the base, the five pillars and the machinery kinds. Every
// call returns the same Set.
var Builtin = sync.OnceValue(func() *Set {
	s, err := NewSet(append(append(baseKinds(), pillarKinds()...), workKinds()...))
	if err != nil {
		panic(err) // our own declarations, covered by a test
	}
	return s
})

type option func(*Field)

func pub(f *Field)           { f.Class = block.Public }
func sens(m Mask) option     { return func(f *Field) { f.Class, f.Mask = block.Sensitive, m } }
func must(f *Field)          { f.Required = true }
func find(weight int) option { return func(f *Field) { f.Search = weight } }
func unit(u string) option   { return func(f *Field) { f.Unit = u } }
func to(k block.Kind) option { return func(f *Field) { f.Ref = k } }
func owner(o string) option  { return func(f *Field) { f.Owner = o } }

// span bounds a number, both ends included.
func span(least, most float64) option { return func(f *Field) { f.Range = &Range{least, most} } }

// many is how many of something there can be at the most where nothing smaller can be said.
const many = 1e12

func choices(c ...Choice) option {
	return func(f *Field) { f.Choices = c }
}

// field declares a Work field unless an option says otherwise.
func field(name string, t block.Type, zh, en string, opts ...option) Field {
	f := Field{Name: name, Type: t, ZH: zh, EN: en, Class: block.Work}
	for _, o := range opts {
		o(&f)
	}
	return f
}

// BuildingUses are the classes of use by which buildings are drawn.
var BuildingUses = []Choice{
	{"residential", "住宅小区", "Residential estate"}, {"village", "自建房", "Self-built house"}, {"commercial", "商业", "Commercial"},
	{"office", "办公", "Office"}, {"industrial", "工业", "Industrial"}, {"public", "公共服务", "Public service"},
	{"construction", "在建", "Under construction"}, {"other", "未分类", "Unclassified"},
}

// RoomStates are the states of a room in the 楼盘表.
var RoomStates = []Choice{
	{"own", "自住", "Owner-occupied"}, {"let", "出租", "Let"}, {"empty", "空置", "Vacant"}, {"shop", "商用", "Commercial use"},
	{"unverified", "待核", "To be verified"}, {"facility", "设施", "Facility"},
}

// EventStates are the states of domain.md §4.5, in the order of the flow, then the side states.
var EventStates = []Choice{
	{"draft", "草稿", "Draft"}, {"to_verify", "待核实", "To verify"}, {"submitted", "待受理", "Submitted"}, {"filed", "已立案", "Filed"},
	{"dispatched", "待签收", "Dispatched"}, {"handling", "处置中", "Handling"}, {"to_check", "待核查", "To check"}, {"to_close", "待结案", "To close"},
	{"closed", "已结案", "Closed"}, {"rated", "已评价", "Rated"}, {"rejected", "不予受理", "Rejected"}, {"merged", "并案", "Merged"},
	{"returned", "退回改派", "Returned"}, {"ext_pending", "延期待批", "Extension pending"}, {"suspended", "挂账", "Suspended"},
	{"redo", "重办", "Redo"}, {"void", "作废", "Void"},
}

func baseKinds() []Kind {
	return []Kind{
		{No: 1, Name: "region", ZH: "区域", EN: "Region", Geometry: Area, Fields: []Field{
			field("code", block.Text, "代码", "Code", pub, must, find(6)),
			field("scheme", block.Text, "编码方案", "Code scheme", pub, must),
			field("name", block.Text, "名称", "Name", pub, must, find(9)),
			field("name_en", block.Text, "英文名", "English name", pub, find(3)),
			field("level", block.Text, "级别", "Level", pub, must, choices(
				Choice{"city", "市", "City"}, Choice{"district", "区", "District"}, Choice{"street", "街道", "Street office"},
				Choice{"community", "社区", "Community"}, Choice{"grid", "网格", "Grid"})),
			field("type", block.Text, "类型", "Type", pub, choices(
				Choice{"admin", "行政", "Administrative"}, Choice{"zone", "功能区", "Functional zone"},
				Choice{"base-grid", "基础网格", "Base grid"}, Choice{"special-grid", "专属网格", "Special grid"})),
			field("parent", block.Ref, "上级", "Parent", pub, to("region")),
			field("parent_from", block.Date, "隶属起始", "Parent since", pub),
			field("made", block.Bool, "由系统生成", "Made by the system", pub),
			field("valid_from", block.Date, "生效", "Valid from", pub),
			field("valid_to", block.Date, "失效", "Valid to", pub),
		}},
		{No: 2, Name: "region_succession", ZH: "区域沿革", EN: "Region succession", Fields: []Field{
			field("from", block.Ref, "原区域", "From", pub, must, to("region")),
			field("to", block.Ref, "新区域", "To", pub, must, to("region")),
			field("relation", block.Text, "关系", "Relation", pub, must, choices(
				Choice{"split", "拆分", "Split"}, Choice{"merge", "合并", "Merge"}, Choice{"parent", "曾隶属", "Former parent"})),
			field("since", block.Date, "起", "From date", pub),
			field("until", block.Date, "止", "To date", pub),
			field("share", block.Float, "比例", "Share", pub, span(0, 1)),
		}},
		{No: 3, Name: "address", ZH: "地址", EN: "Address", Geometry: Point, Fields: []Field{
			field("code", block.Text, "统一地址编码", "Unified address code", pub, find(6)),
			field("scheme", block.Text, "编码方案", "Code scheme", pub),
			field("text", block.Text, "标准地址", "Standard address", pub, must, find(8)),
			field("road", block.Text, "道路", "Road", pub),
			field("number", block.Text, "门牌号", "Door number", pub),
			field("estate", block.Text, "小区", "Estate", pub),
			field("building_no", block.Text, "楼栋号", "Building number", pub),
			field("unit", block.Text, "单元", "Unit", pub),
			field("floor", block.Int, "楼层", "Floor", pub, span(-50, 300)),
			field("room_no", block.Text, "房号", "Room number", pub),
			field("building", block.Ref, "楼栋", "Building", pub, to("building")),
			field("source", block.Text, "来源", "Source"),
		}},
		{No: 4, Name: "address_alias", ZH: "地址别名", EN: "Address alias", Fields: []Field{
			field("address", block.Ref, "地址", "Address", pub, to("address")),
			field("building", block.Ref, "楼栋", "Building", pub, to("building")),
			field("text", block.Text, "别名", "Alias", pub, must, find(8)),
			field("type", block.Text, "种类", "Type", pub, choices(
				Choice{"popular", "俗称", "Popular name"}, Choice{"short", "简称", "Short name"},
				Choice{"former", "曾用", "Former name"}, Choice{"department", "部门", "Department's wording"})),
			field("source", block.Text, "来源", "Source", pub),
			field("confirmed_by", block.Text, "确认人", "Confirmed by"),
		}},
		{No: 5, Name: "building", ZH: "楼栋", EN: "Building", Geometry: Area, Fields: []Field{
			field("code", block.Text, "楼栋编码", "Building code", pub, find(6)),
			field("scheme", block.Text, "编码方案", "Code scheme", pub),
			field("name", block.Text, "名称", "Name", pub, find(10)),
			field("address", block.Text, "地址", "Address", pub, find(7)),
			field("use", block.Text, "用途", "Use", pub, choices(BuildingUses...)),
			field("floors", block.Int, "地上层数", "Floors above ground", pub, unit("层"), span(0, 300)),
			field("floors_below", block.Int, "地下层数", "Floors below ground", pub, unit("层"), span(0, 50)),
			field("units", block.Int, "单元数", "Units", pub, span(0, 1000)),
			field("height", block.Float, "高度", "Height", pub, unit("m"), span(0, 2000)),
			field("year", block.Int, "建成年份", "Year built", pub, span(1000, 2200)),
			field("urban_village", block.Bool, "城中村", "Urban village", pub),
			field("source_id", block.Text, "来源编号", "Source id", pub, find(2)),
			field("ownership", block.Text, "产权", "Ownership", owner("住建")),
			field("note", block.Text, "备注", "Note"),
		}},
	}
}

func pillarKinds() []Kind {
	return []Kind{
		{No: 6, Name: "room", ZH: "房屋", EN: "Room", Fields: []Field{
			field("code", block.Text, "房屋编码", "Room code", pub, find(5)),
			field("building", block.Ref, "楼栋", "Building", pub, must, to("building")),
			field("unit", block.Text, "单元", "Unit", pub),
			field("floor", block.Int, "楼层", "Floor", pub, span(-50, 300)),
			field("number", block.Text, "房号", "Room number", pub, must),
			field("state", block.Text, "状态", "State", choices(RoomStates...)),
			field("area", block.Float, "面积", "Area", unit("m²"), span(0, 1e8)),
			field("persons", block.Int, "居住人数", "Residents", span(0, 10000)),
			field("verified_on", block.Date, "核实日期", "Verified on"),
			field("split_from", block.Ref, "拆分自", "Split from", to("room")),
			field("merged_into", block.Ref, "并入", "Merged into", to("room")),
		}},
		{No: 7, Name: "person", ZH: "人口", EN: "Person", Fields: []Field{
			field("category", block.Text, "人口类别", "Category", sens(MaskKeep), choices(
				Choice{"registered", "户籍", "Registered"}, Choice{"migrant", "流动", "Migrant"},
				Choice{"overseas", "境外", "Overseas"}, Choice{"unregistered", "未落户", "Unregistered"})),
			field("synthetic", block.Bool, "合成数据", "Synthetic data", sens(MaskKeep)),
			field("name", block.Text, "姓名", "Name", sens(MaskName), must, find(9)),
			field("sex", block.Text, "性别", "Sex", sens(MaskKeep), choices(
				Choice{"0", "未知", "Unknown"}, Choice{"1", "男", "Male"}, Choice{"2", "女", "Female"}, Choice{"9", "未说明", "Not stated"})),
			field("birth", block.Date, "出生日期", "Date of birth", sens(MaskDate)),
			field("document_type", block.Text, "证件类型", "Document type", sens(MaskKeep)),
			field("document_number", block.Text, "证件号码", "Document number", sens(MaskIdentity), find(5)),
			field("phone", block.Text, "手机", "Mobile phone", sens(MaskPhone), find(3)),
			field("nationality", block.Text, "国籍民族", "Nationality", sens(MaskAll)),
		}},
		{No: 8, Name: "residency", ZH: "居住", EN: "Residency", Places: "person", Fields: []Field{
			field("room", block.Ref, "房屋", "Room", sens(MaskKeep), must, to("room")),
			field("manner", block.Text, "居住方式", "Manner", sens(MaskKeep), choices(
				Choice{"own", "自有", "Owned"}, Choice{"rent", "租住", "Rented"}, Choice{"lend", "借住", "Borrowed"}, Choice{"unit", "单位内部", "Employer's"})),
			field("main", block.Bool, "主要居所", "Main residence", sens(MaskKeep)),
			field("since", block.Date, "起", "From", sens(MaskKeep)),
			field("until", block.Date, "止", "To", sens(MaskKeep)),
			field("verified_on", block.Date, "核实日期", "Verified on", sens(MaskKeep)),
			field("person", block.Ref, "人口", "Person", sens(MaskKeep), must, to("person")),
			field("relation", block.Text, "与户主关系", "Relation to head", sens(MaskKeep)),
		}},
		{No: 9, Name: "legal_entity", ZH: "法人", EN: "Legal entity", Geometry: Point, Fields: []Field{
			field("name", block.Text, "名称", "Name", pub, must, find(9)),
			field("uscc", block.Text, "统一社会信用代码", "Unified social credit code", pub, find(6)),
			field("type", block.Text, "类型", "Type", pub),
			field("state", block.Text, "状态", "State", pub, choices(
				Choice{"active", "存续", "Active"}, Choice{"closed", "注销", "Closed"}, Choice{"revoked", "吊销", "Revoked"})),
			field("industry", block.Text, "行业", "Industry", pub),
			field("address", block.Text, "住所", "Registered address", pub, find(4)),
			field("building", block.Ref, "楼栋", "Building", pub, to("building")),
			field("staff", block.Int, "从业人数", "Staff", span(0, 1e7)),
			field("synthetic", block.Bool, "合成数据", "Synthetic data"),
			field("representative", block.Text, "法定代表人", "Legal representative", sens(MaskName), find(4)),
			field("phone", block.Text, "电话", "Phone", sens(MaskPhone)),
		}},
		{No: 10, Name: "premises", ZH: "经营场所", EN: "Premises", Places: "entity", Fields: []Field{
			field("entity", block.Ref, "法人", "Legal entity", pub, must, to("legal_entity")),
			field("room", block.Ref, "房屋", "Room", pub, to("room")),
			field("building", block.Ref, "楼栋", "Building", pub, to("building")),
			field("type", block.Text, "种类", "Type", pub),
			field("small_place", block.Bool, "三小场所", "Small place"),
			field("since", block.Date, "起", "From"),
			field("until", block.Date, "止", "To"),
		}},
		{No: 11, Name: "contact", ZH: "通讯", EN: "Contact", Fields: []Field{
			field("type", block.Text, "种类", "Type", sens(MaskKeep), choices(
				Choice{"mobile", "手机", "Mobile"}, Choice{"landline", "固话", "Landline"}, Choice{"utility", "水电气账户", "Utility account"},
				Choice{"account", "网络账号", "Account"}, Choice{"broadband", "宽带", "Broadband"})),
			field("source", block.Text, "来源", "Source", sens(MaskKeep)),
			field("verified_on", block.Date, "核实日期", "Verified on", sens(MaskKeep)),
			field("consent", block.Bool, "已同意", "Consent", sens(MaskKeep)),
			field("value", block.Text, "号码", "Value", sens(MaskPhone), must),
			field("person", block.Ref, "人口", "Person", sens(MaskKeep), to("person")),
			field("entity", block.Ref, "法人", "Legal entity", sens(MaskKeep), to("legal_entity")),
			field("room", block.Ref, "房屋", "Room", sens(MaskKeep), to("room")),
		}},
		{No: 12, Name: "tag", ZH: "标签", EN: "Tag", Fields: []Field{
			field("subject_kind", block.Text, "对象种类", "Subject kind", sens(MaskKeep)),
			field("subject", block.Ref, "对象", "Subject", sens(MaskKeep), must),
			field("type", block.Text, "标签类型", "Tag type", sens(MaskAll), must),
			field("level", block.Int, "等级", "Level", sens(MaskAll)),
			field("basis", block.Text, "依据", "Basis", sens(MaskAll)),
			field("since", block.Date, "起", "From", sens(MaskAll)),
			field("until", block.Date, "止", "To", sens(MaskAll)),
			field("review_on", block.Date, "复核日期", "Review on", sens(MaskAll)),
		}},
		{No: 13, Name: "event", ZH: "事件", EN: "Event", Geometry: Point, GeomClass: block.Work, Fields: []Field{
			field("number", block.Text, "案件编号", "Case number", find(8)),
			field("type", block.Text, "类型", "Type", must, find(4)),
			field("condition", block.Text, "立案条件", "Filing condition"),
			field("channel", block.Text, "来源渠道", "Channel", choices(
				Choice{"officer", "网格员上报", "Officer"}, Choice{"public", "公众随手拍", "Public"}, Choice{"hotline", "热线", "Hotline"},
				Choice{"superior", "上级交办", "Superior order"}, Choice{"media", "媒体", "Media"})),
			field("state", block.Text, "状态", "State", must, choices(EventStates...)),
			field("priority", block.Text, "级别", "Priority", choices(
				Choice{"red", "红", "Red"}, Choice{"orange", "橙", "Orange"}, Choice{"yellow", "黄", "Yellow"}, Choice{"blue", "蓝", "Blue"}, Choice{"normal", "一般", "Normal"})),
			field("address", block.Text, "地点", "Place", find(6)),
			field("building", block.Ref, "楼栋", "Building", to("building")),
			field("description", block.Text, "描述", "Description", find(3)),
			field("unit", block.Text, "承办单位", "Main unit"),
			field("round", block.Int, "轮次", "Round"),
			field("urged", block.Int, "催办次数", "Times urged"),
			field("reported_at", block.Time, "上报时间", "Reported at"),
			field("filed_at", block.Time, "立案时间", "Filed at"),
			field("due_at", block.Time, "办理时限", "Due at"),
			field("closed_at", block.Time, "结案时间", "Closed at"),
			field("synthetic", block.Bool, "合成数据", "Synthetic data"),
			field("reporter", block.Text, "上报人", "Reporter", sens(MaskName)),
			field("reporter_phone", block.Text, "上报人电话", "Reporter's phone", sens(MaskPhone)),
		}},
		{No: 14, Name: "event_step", ZH: "流转", EN: "Event step", Fields: []Field{
			field("event", block.Ref, "事件", "Event", must, to("event")),
			field("action", block.Text, "动作", "Action", must),
			field("from_state", block.Text, "原状态", "From state"),
			field("to_state", block.Text, "新状态", "To state"),
			field("unit", block.Text, "单位", "Unit"),
			field("device_time", block.Time, "设备时间", "Device time"),
			field("device_count", block.Int, "设备计数", "Device counter"),
			field("server_time", block.Time, "服务器时间", "Server time"),
			field("note", block.Text, "说明", "Note"),
			field("late", block.Bool, "迟到", "Arrived late"),
			field("actor", block.Text, "经办人", "Actor", sens(MaskName)),
		}},
		{No: 15, Name: "subject_link", ZH: "五类主体", EN: "Five-subject link", Fields: []Field{
			field("object_kind", block.Text, "对象种类", "Object kind", must),
			field("object", block.Ref, "对象", "Object", must),
			field("duty", block.Text, "职责", "Duty", must),
			field("role", block.Text, "主体角色", "Role", must, choices(
				Choice{"owner", "产权主体", "Owner"}, Choice{"responsible", "责任主体", "Responsible"}, Choice{"supervisor", "监督主体", "Supervisor"},
				Choice{"manager", "管理主体", "Manager"}, Choice{"enforcer", "执法主体", "Enforcer"})),
			field("organisation", block.Ref, "单位", "Organisation", to("organisation")),
			field("basis", block.Text, "依据", "Basis"),
			field("since", block.Date, "起", "From"),
			field("until", block.Date, "止", "To"),
			field("person", block.Text, "责任人", "Person", sens(MaskName)),
		}},
		{No: 16, Name: "component", ZH: "部件", EN: "Component", Geometry: Point, Fields: []Field{
			field("code", block.Text, "部件编码", "Component code", pub, must, find(5)),
			field("type", block.Text, "类型", "Type", pub, must),
			field("owner_unit", block.Text, "权属单位", "Owner unit", pub),
			field("state", block.Text, "状态", "State", pub),
		}},
	}
}
