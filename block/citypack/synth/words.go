package synth

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// The commonest surnames, more of the first ones are drawn.
var surnames = []rune("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向汤")

var compound = []string{"欧阳", "司徒", "上官", "诸葛", "司马"}

var (
	maleRunes   = []rune("伟强磊洋勇军杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆亮建国志文海峰龙庆林东翔宏毅博晨航睿泽昊然轩铭")
	femaleRunes = []rune("芳娜敏静丽艳娟霞燕玲婷雪梅琳慧莹洁颖佳欣怡梦雨彤晓倩薇蕾兰萍红英华玉春秀珍妍涵诗悦琪瑶婉萱")
)

// surname draws one: the first of the list about fifteen times as often as the last.
func surname(r *rand.Rand) string {
	if r.IntN(400) == 0 {
		return compound[r.IntN(len(compound))]
	}
	a, b := r.IntN(len(surnames)), r.IntN(len(surnames))
	return string(surnames[min(a, b)])
}

func given(r *rand.Rand, male bool) string {
	from := femaleRunes
	if male {
		from = maleRunes
	}
	s := string(from[r.IntN(len(from))])
	if r.IntN(6) > 0 {
		s += string(from[r.IntN(len(from))])
	}
	return s
}

var (
	roadFirst  = []string{"景田", "福荣", "新洲", "金田", "宝石", "文化", "和平", "龙翔", "广深", "沙河", "育才", "建设", "人民", "公园", "滨河", "湖滨", "红棉", "紫荆", "松岭", "翠竹", "环城", "学府", "科苑", "创业", "丰收"}
	roadLast   = []string{"路", "街", "大道", "一路", "二路", "东路", "西路", "南路", "北路", "巷"}
	estateHead = []string{"锦绣", "翠湖", "金地", "阳光", "碧海", "荔园", "香榭", "百花", "御景", "星河", "枫林", "书香", "麒麟", "半岛", "云顶", "鹏程", "绿景", "嘉和", "名仕", "怡景"}
	estateTail = []string{"花园", "雅苑", "家园", "公寓", "新村", "名庭", "华府", "苑", "小区", "豪庭"}
	firmHead   = []string{"鑫", "恒", "瑞", "宏", "永", "华", "盛", "德", "嘉", "万", "天", "泰", "兴", "联", "佳", "安", "通", "和", "信", "诚"}
	firmTail   = []string{"达", "源", "丰", "和", "泰", "利", "隆", "茂", "昌", "邦", "维", "思", "森", "博", "科", "腾", "富", "康", "乐", "美"}
	landmarks  = []string{"北侧人行道", "东门口", "地下车库入口", "小区广场", "后巷", "垃圾收集点旁", "公交站旁", "沿街商铺门前", "西侧绿化带", "楼下"}
)

// trade is an industry with its share, a word for the name and how many work there.
type trade struct {
	share    int
	industry string
	word     string
	form     string // 有限公司, or empty for a shop of one person
	kind     string
	staff    int
	small    bool // 三小场所
}

var trades = []trade{
	{22, "零售业", "便利店", "", "个体工商户", 2, true}, {20, "餐饮业", "餐饮店", "", "个体工商户", 4, true}, {8, "居民服务业", "美发店", "", "个体工商户", 3, true},
	{6, "居民服务业", "洗衣店", "", "个体工商户", 2, true}, {4, "娱乐业", "棋牌室", "", "个体工商户", 2, true}, {12, "批发业", "贸易", "有限公司", "企业", 8, false},
	{8, "软件和信息技术服务业", "科技", "有限公司", "企业", 25, false}, {6, "制造业", "电子", "有限公司", "企业", 60, false}, {5, "商务服务业", "企业管理", "有限公司", "企业", 6, false},
	{4, "物流业", "物流", "有限公司", "企业", 15, false}, {3, "房地产业", "物业管理", "有限公司", "企业", 30, false}, {2, "教育", "教育培训", "有限公司", "企业", 12, false},
}

func pickTrade(r *rand.Rand) trade {
	n := r.IntN(100)
	for _, t := range trades {
		if n -= t.share; n < 0 {
			return t
		}
	}
	return trades[0]
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// shortPlace is a division's name without what says what it is. Names of one character are kept whole.
func shortPlace(name string) string {
	for _, list := range [][]string{{"居民委员会", "村民委员会", "居委会", "村委会", "街道办事处"}, {"社区", "街道", "镇"}} {
		for _, s := range list {
			if cut, ok := strings.CutSuffix(name, s); ok && len([]rune(cut)) >= 2 {
				name = cut
				break
			}
		}
	}
	return name
}

// estateName reports whether a building's name can stand for its estate in an address: 星海名城, but not 6栋 or C座.
func estateName(s string) bool {
	n := 0
	for _, r := range s {
		if !unicode.Is(unicode.Han, r) {
			return false
		}
		n++
	}
	return n >= 3 && n <= 12
}
