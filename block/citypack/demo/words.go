package demo

import (
	"strconv"
	"strings"
)

// syllable is one part of an invented name with its pinyin.
type syllable struct{ zh, en string }

var firsts = []syllable{
	{"海棠", "Haitang"}, {"榕", "Rong"}, {"云", "Yun"}, {"星", "Xing"}, {"金", "Jin"}, {"银", "Yin"}, {"紫", "Zi"}, {"翠", "Cui"}, {"碧", "Bi"}, {"青", "Qing"},
	{"丹", "Dan"}, {"锦", "Jin"}, {"文", "Wen"}, {"景", "Jing"}, {"福", "Fu"}, {"安", "An"}, {"和", "He"}, {"永", "Yong"}, {"新", "Xin"}, {"东", "Dong"},
	{"南", "Nan"}, {"西", "Xi"}, {"北", "Bei"}, {"月", "Yue"}, {"明", "Ming"}, {"光", "Guang"}, {"春", "Chun"}, {"秋", "Qiu"}, {"凤", "Feng"}, {"龙", "Long"},
	{"鹤", "He"}, {"鹭", "Lu"}, {"兰", "Lan"}, {"梅", "Mei"}, {"竹", "Zhu"}, {"松", "Song"}, {"荷", "He"}, {"桂", "Gui"}, {"枫", "Feng"}, {"樟", "Zhang"},
	{"白石", "Baishi"}, {"红树", "Hongshu"}, {"长乐", "Changle"}, {"望海", "Wanghai"}, {"沙河", "Shahe"}, {"石桥", "Shiqiao"}, {"玉泉", "Yuquan"}, {"芙蓉", "Furong"}, {"观澜", "Guanlan"}, {"同乐", "Tongle"},
}

var seconds = []syllable{
	{"湾", "wan"}, {"桥", "qiao"}, {"园", "yuan"}, {"岭", "ling"}, {"塘", "tang"}, {"洲", "zhou"}, {"坪", "ping"}, {"田", "tian"}, {"秀", "xiu"}, {"林", "lin"},
	{"泉", "quan"}, {"溪", "xi"}, {"屿", "yu"}, {"岸", "an"}, {"洋", "yang"}, {"港", "gang"}, {"台", "tai"}, {"霞", "xia"}, {"涛", "tao"}, {"晖", "hui"},
	{"华", "hua"}, {"丰", "feng"}, {"盛", "sheng"}, {"宁", "ning"}, {"康", "kang"}, {"平", "ping"}, {"泽", "ze"}, {"兴", "xing"}, {"祥", "xiang"}, {"昌", "chang"},
}

var estateEnds = []string{"雅苑", "花园", "名苑", "家园", "新村", "公馆", "华庭", "豪庭", "小区", "雅居", "半岛", "城市花园", "名邸", "佳园", "海景苑", "雅园"}

// words deals out names; none twice.
type words struct{ used map[string]bool }

func (w *words) once(d dice, makeName func() string) string {
	for range 40 {
		if n := makeName(); !w.used[n] {
			w.used[n] = true
			return n
		}
	}
	base := makeName()
	for i := 2; ; i++ {
		if n := base + strconv.Itoa(i); !w.used[n] {
			w.used[n] = true
			return n
		}
	}
}

func pair(d dice) (syllable, syllable) {
	return firsts[d.int(0, len(firsts)-1)], seconds[d.int(0, len(seconds)-1)]
}

func pairName(d dice) string {
	a, b := pair(d)
	if len([]rune(a.zh)) == 2 {
		return a.zh
	}
	return a.zh + b.zh
}

func pick(d dice, from ...string) string { return from[d.int(0, len(from)-1)] }

func (w *words) estate(d dice) string {
	return w.once(d, func() string { return pairName(d) + pick(d, estateEnds...) })
}

func (w *words) tower(d dice) string {
	return w.once(d, func() string {
		return pairName(d) + pick(d, "大厦", "中心", "国际大厦", "金融中心", "商务大厦", "广场", "科技大厦")
	})
}

func (w *words) mall(d dice) string {
	return w.once(d, func() string { return pairName(d) + pick(d, "购物中心", "万象汇", "广场", "天地", "百货") })
}

func (w *words) market(d dice) string {
	return w.once(d, func() string {
		return pairName(d) + pick(d, "农贸市场", "综合市场", "商贸城", "建材市场", "海鲜市场")
	})
}

func (w *words) school(d dice) string {
	return w.once(d, func() string {
		return pairName(d) + pick(d, "小学", "中学", "实验学校", "第二小学", "外国语学校")
	})
}

func (w *words) hall(d dice) string {
	return w.once(d, func() string {
		return pairName(d) + pick(d, "文化中心", "图书馆", "体育馆", "行政服务中心", "博物馆", "老年大学")
	})
}

func (w *words) works(d dice) string {
	return w.once(d, func() string {
		return pairName(d) + pick(d, "工业园", "科技园", "电子厂", "机械厂", "产业园", "精密工业园")
	})
}

func (w *words) depot(d dice) string {
	return w.once(d, func() string { return pairName(d) + pick(d, "物流园", "仓储中心", "保税仓", "冷链中心") })
}

func (w *words) road(d dice, c class) string {
	return w.once(d, func() string {
		switch c {
		case primary:
			return pairName(d) + "大道"
		case secondary:
			return pairName(d) + "路"
		}
		return pairName(d) + pick(d, "路", "街", "路", "街", "巷", "里")
	})
}

// numeral writes 1…99 in Chinese.
func numeral(n int) string {
	digits := []rune("零一二三四五六七八九")
	switch {
	case n < 10:
		return string(digits[n])
	case n < 20:
		return "十" + strings.TrimSuffix(string(digits[n-10]), "零")
	}
	return string(digits[n/10%10]) + "十" + strings.TrimSuffix(string(digits[n%10]), "零")
}
