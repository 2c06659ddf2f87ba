package schema

import "kuaitu/block"

// workKinds are the kinds that travel generically for now: no screen of their own, but tables, sync and exports.
func workKinds() []Kind {
	return []Kind{
		{No: 17, Name: "organisation", ZH: "单位", EN: "Organisation", Fields: []Field{
			field("name", block.Text, "名称", "Name", pub, must, find(6)),
			field("type", block.Text, "种类", "Type", pub),
			field("parent", block.Ref, "上级", "Parent", pub, to("organisation")),
			field("phone", block.Text, "电话", "Phone"),
		}},
		{No: 18, Name: "duty_shift", ZH: "值班", EN: "Duty shift", Fields: []Field{
			field("post", block.Text, "岗位", "Post", must),
			field("since", block.Time, "起", "From", must),
			field("until", block.Time, "止", "To", must),
			field("handover", block.Text, "交接", "Handover note"),
			field("person", block.Text, "值班人", "Person", sens(MaskName), must),
			field("phone", block.Text, "电话", "Phone", sens(MaskPhone)),
		}},
		{No: 19, Name: "micro_project", ZH: "民生微实事", EN: "Micro-project", Fields: []Field{
			field("title", block.Text, "项目名称", "Title", pub, must, find(5)),
			field("type", block.Text, "类别", "Type", pub, choices(
				Choice{"works", "工程", "Works"}, Choice{"service", "服务", "Service"}, Choice{"goods", "货物", "Goods"})),
			field("budget", block.Float, "预算", "Budget", pub, unit("元"), span(0, many)),
			field("state", block.Text, "状态", "State", pub, must),
		}},
		{No: 20, Name: "info_resource", ZH: "信息资源", EN: "Information resource", Fields: []Field{
			field("department", block.Text, "部门", "Department", must),
			field("title", block.Text, "名称", "Title", must, find(3)),
			field("fields", block.Text, "字段", "Fields"),
			field("sensitivity", block.Int, "敏感级", "Sensitivity"),
			field("cycle", block.Text, "更新周期", "Update cycle"),
			field("last_delivery", block.Time, "最近交付", "Last delivery"),
		}},
		{No: 21, Name: "import_batch", ZH: "导入批次", EN: "Import batch", Fields: []Field{
			field("file_digest", block.Text, "文件摘要", "File digest", must),
			field("template", block.Text, "模板", "Template"),
			field("kind", block.Text, "种类", "Kind"),
			field("read", block.Int, "读入", "Read", span(0, many)),
			field("accepted", block.Int, "接受", "Accepted", span(0, many)),
			field("repaired", block.Int, "修复", "Repaired", span(0, many)),
			field("rejected", block.Int, "拒绝", "Rejected", span(0, many)),
			field("at", block.Time, "时间", "Time"),
		}},
		{No: 22, Name: "match_link", ZH: "匹配", EN: "Match link", Fields: []Field{
			field("batch", block.Ref, "批次", "Batch", must, to("import_batch")),
			field("row", block.Int, "行号", "Row", must),
			field("code", block.Text, "编码", "Code"),
			field("method", block.Text, "方法", "Method"),
			field("score", block.Float, "得分", "Score"),
			field("level", block.Text, "级别", "Level"),
			field("reviewer", block.Text, "复核人", "Reviewer"),
		}},
		{No: 23, Name: "attachment", ZH: "附件", EN: "Attachment", Fields: []Field{
			field("subject_kind", block.Text, "对象种类", "Subject kind", must),
			field("subject", block.Ref, "对象", "Subject", must),
			field("sha256", block.Text, "摘要", "SHA-256", must),
			field("media_type", block.Text, "媒体类型", "Media type", must),
			field("bytes", block.Int, "字节", "Bytes", must, span(0, many)),
			field("caption", block.Text, "说明", "Caption"),
			field("taken_at", block.Time, "拍摄时间", "Taken at"),
		}},
		{No: 24, Name: "audit_entry", ZH: "审计", EN: "Audit entry", Fields: []Field{
			field("action", block.Text, "动作", "Action", must),
			field("object_kind", block.Text, "对象种类", "Object kind"),
			field("object", block.Ref, "对象", "Object"),
			field("field", block.Text, "字段", "Field"),
			field("reason", block.Text, "事由", "Reason"),
			field("result", block.Text, "结果", "Result"),
			field("at", block.Time, "时间", "Time", must),
			field("actor", block.Text, "人员", "Actor", sens(MaskName), must),
		}},
		{No: 25, Name: "figure", ZH: "指标", EN: "Figure", Fields: []Field{
			field("pillar", block.Text, "支柱", "Pillar", pub, must),
			field("category", block.Text, "类别", "Category", pub),
			field("as_of", block.Time, "截至", "As of", pub, must),
			field("count", block.Int, "数量", "Count", pub, must),
		}},
		{No: 26, Name: "facility", ZH: "设施", EN: "Facility", Geometry: Point, Fields: []Field{
			field("name", block.Text, "名称", "Name", pub, must, find(6)),
			field("type", block.Text, "类型", "Type", pub, must),
			field("address", block.Text, "地址", "Address", pub),
			field("hours", block.Text, "开放时间", "Opening hours", pub),
			field("phone", block.Text, "电话", "Phone", pub),
		}},
		{No: 27, Name: "visit", ZH: "走访", EN: "Visit", Fields: []Field{
			field("room", block.Ref, "房屋", "Room", to("room")),
			field("building", block.Ref, "楼栋", "Building", to("building")),
			field("due_on", block.Date, "应访日期", "Due on"),
			field("done_at", block.Time, "完成时间", "Done at"),
			field("result", block.Text, "结果", "Result"),
			field("note", block.Text, "备注", "Note", sens(MaskAll)),
			field("officer", block.Text, "网格员", "Officer", sens(MaskName)),
		}},
		{No: 28, Name: "task", ZH: "任务", EN: "Task", Fields: []Field{
			field("title", block.Text, "标题", "Title", must),
			field("subject_kind", block.Text, "对象种类", "Subject kind"),
			field("subject", block.Ref, "对象", "Subject"),
			field("due_on", block.Date, "截止", "Due on"),
			field("state", block.Text, "状态", "State", must),
		}},
		{No: 29, Name: "proposal", ZH: "更正建议", EN: "Correction proposal", Fields: []Field{
			field("subject_kind", block.Text, "对象种类", "Subject kind", must),
			field("subject", block.Ref, "对象", "Subject", must),
			field("field", block.Text, "字段", "Field", must),
			field("department", block.Text, "部门", "Department"),
			field("reason", block.Text, "理由", "Reason"),
			field("state", block.Text, "状态", "State", must),
			field("value", block.Text, "建议值", "Proposed value", sens(MaskAll)),
		}},
		{No: 30, Name: "track", ZH: "轨迹", EN: "Track", Geometry: Line, GeomClass: block.Sensitive, Fields: []Field{
			field("since", block.Time, "起", "From", must),
			field("until", block.Time, "止", "To", must),
			field("device", block.Text, "设备", "Device", sens(MaskAll), must),
		}},
		{No: 31, Name: "area", ZH: "专题区", EN: "Area", Geometry: Area, Fields: []Field{
			field("name", block.Text, "名称", "Name", pub, must, find(5)),
			field("type", block.Text, "类型", "Type", pub, must, choices(
				Choice{"urban-village", "城中村", "Urban village"}, Choice{"illegal", "违建", "Illegal structure"},
				Choice{"renewal", "旧改", "Renewal area"}, Choice{"other", "其他", "Other"})),
			field("state", block.Text, "状态", "State", pub),
		}},
		{No: 32, Name: "account", ZH: "账号", EN: "Account", Fields: []Field{
			field("login", block.Text, "登录名", "Login", must),
			field("role", block.Text, "角色", "Role", must),
			field("until", block.Date, "有效至", "Until"),
			field("name", block.Text, "姓名", "Name", sens(MaskName), must),
		}},
		{No: 33, Name: "catalogue_type", ZH: "事件类型", EN: "Event type", Fields: []Field{
			field("code", block.Text, "代码", "Code", pub, must, find(3)),
			field("class", block.Text, "大类", "Class", pub, must),
			field("name", block.Text, "名称", "Name", pub, must, find(5)),
			field("name_en", block.Text, "英文名", "English name", pub),
			field("condition", block.Text, "立案条件", "Filing condition", pub),
			field("limit_amount", block.Float, "时限", "Limit", pub, span(0, 1e6)),
			field("limit_unit", block.Text, "时限单位", "Limit unit", pub, choices(
				Choice{"work-hour", "工作时", "Working hour"}, Choice{"work-day", "工作日", "Working day"},
				Choice{"urgent-hour", "紧急工作时", "Urgent hour"}, Choice{"urgent-day", "紧急工作日", "Urgent day"})),
			field("closing", block.Text, "结案条件", "Closing condition", pub),
			field("unit", block.Text, "承办单位", "Usual unit", pub),
			field("icon", block.Text, "图标", "Icon", pub),
		}},
		{No: 34, Name: "calendar_day", ZH: "日历", EN: "Calendar day", Fields: []Field{
			field("day", block.Date, "日期", "Day", pub, must),
			field("working", block.Bool, "工作日", "Working day", pub, must),
			field("name", block.Text, "名称", "Name", pub),
		}},
	}
}
