package pairs

// measured are nouns with their measure words, and ones that do not go with them.
var measured = []struct{ noun, unit, wrong string }{
	{"书", "本", "条"}, {"词典", "本", "只"}, {"杂志", "本", "位"}, {"狗", "只", "本"}, {"猫", "只", "张"}, {"鸟", "只", "本"},
	{"裤子", "条", "本"}, {"鱼", "条", "张"}, {"桌子", "张", "位"}, {"地图", "张", "只"}, {"照片", "张", "条"}, {"车", "辆", "本"},
	{"自行车", "辆", "张"}, {"衣服", "件", "位"}, {"毛衣", "件", "只"}, {"伞", "把", "位"}, {"椅子", "把", "本"}, {"房子", "座", "件"},
}

// disposed are objects with what is done to them: a verb and its result.
var disposed = []struct {
	object  string
	results []string
}{
	{"门", []string{"打开", "关上"}}, {"窗户", []string{"打开", "关上", "打破"}}, {"书", []string{"看完", "放下", "拿走"}},
	{"作业", []string{"做完", "写完"}}, {"饭", []string{"吃完", "做好"}}, {"灯", []string{"打开", "关掉"}}, {"杯子", []string{"打破", "拿走", "放下"}},
	{"信", []string{"写完", "寄走", "看完"}}, {"牛奶", []string{"喝完", "拿走"}}, {"钥匙", []string{"弄丢", "拿走"}}, {"车", []string{"修好", "开走"}},
}

var (
	people = []string{"我", "你", "他", "她", "汤姆", "玛丽", "我们", "他们", "我妈妈", "老师", "我朋友"}
	acts   = []string{"买", "看", "找", "画"}
	// taken are transitive verbs with an object that completes them.
	taken = [][2]string{{"看", "电影"}, {"看", "书"}, {"吃", "苹果"}, {"喝", "咖啡"}, {"写", "信"}, {"买", "衣服"}, {"学", "法语"}, {"听", "音乐"}, {"去", "日本"}, {"做", "作业"}}
	liked = []string{"狗", "猫", "音乐", "电影", "咖啡", "茶", "牛奶", "苹果", "数学", "英语", "法语", "足球", "夏天", "冬天"}
)

var chinese = []paradigm{
	{"classifier", "classifiers", "morphology", func(d *dice) (string, string) {
		m, who, act := measured[d.IntN(len(measured))], d.pick(people...), d.pick(acts...)
		before, after := who+act+"了一", m.noun+"。"
		return before + m.unit + after, before + m.wrong + after
	}},
	{"classifier_demonstrative", "classifiers", "morphology", func(d *dice) (string, string) {
		m := measured[d.IntN(len(measured))]
		before, after := d.pick("这", "那"), m.noun+d.pick("是我的。", "是谁的？", "很好。", "真漂亮。", "不是他的。")
		return before + m.unit + after, before + m.wrong + after
	}},
	{"ba_object", "ba", "syntax", func(d *dice) (string, string) {
		o, who := disposed[d.IntN(len(disposed))], d.pick(people...)
		result := d.pick(o.results...) + "了"
		return who + "把" + o.object + result + "。", who + result + "把" + o.object + "。"
	}},
	{"ba_negation", "ba", "syntax", func(d *dice) (string, string) {
		o, who := disposed[d.IntN(len(disposed))], d.pick(people...)
		not, result := d.pick("没", "没有", "不想"), d.pick(o.results...)
		return who + not + "把" + o.object + result + "。", who + "把" + o.object + result + not + "。"
	}},
	{"bei_agent", "bei", "syntax", func(d *dice) (string, string) {
		o, who := disposed[d.IntN(len(disposed))], d.pick(people...)
		result := d.pick(o.results...) + "了"
		return o.object + "被" + who + result + "。", o.object + result + "被" + who + "。"
	}},
	{"bei_verb", "bei", "syntax", func(d *dice) (string, string) {
		whose, o := d.pick(people...), disposed[d.IntN(len(disposed))]
		result := d.pick(o.results...)
		return whose + "的" + o.object + "被" + result + "了。", whose + "的" + o.object + result + "被了。"
	}},
	{"negation_order", "word order", "syntax", func(d *dice) (string, string) {
		who, what := d.pick(people...), d.pick(liked...)
		verb := d.pick("喜欢", "爱", "需要")
		return who + "不" + verb + what + "。", who + verb + "不" + what + "。"
	}},
	{"time_order", "word order", "syntax", func(d *dice) (string, string) {
		who, when, v := d.pick(people...), d.pick("昨天", "今天", "早上", "晚上"), taken[d.IntN(len(taken))]
		return who + when + v[0] + "了" + v[1] + "。", who + v[0] + "了" + when + v[1] + "。"
	}},
	{"adverb_order", "word order", "syntax", func(d *dice) (string, string) {
		who, how, v := d.pick(people...), d.pick("经常", "常常", "总是", "也", "每天"), taken[d.IntN(len(taken))]
		return who + how + v[0] + v[1] + "。", who + v[0] + how + v[1] + "。"
	}},
	{"aspect_future", "aspect", "morphology", func(d *dice) (string, string) {
		who, v, past, future := d.pick(people...), taken[d.IntN(len(taken))], "昨天", "明天"
		if d.IntN(2) == 0 {
			past, future = "去年", "明年"
		}
		return who + past + v[0] + "了" + v[1] + "。", who + future + v[0] + "了" + v[1] + "。"
	}},
	{"aspect_negation", "aspect", "morphology", func(d *dice) (string, string) {
		who, not, v := d.pick(people...), d.pick("没", "没有", "从来没", "从来没有"), taken[d.IntN(len(taken))]
		return who + not + v[0] + "过" + v[1] + "。", who + not + v[0] + "了" + v[1] + "。"
	}},
	{"aspect_progressive", "aspect", "morphology", func(d *dice) (string, string) {
		who, v := d.pick(people...), taken[d.IntN(len(taken))]
		for v[0] == "去" { // it does not go on
			v = taken[d.IntN(len(taken))]
		}
		before := who + d.pick("正在", "在", "一直在", "还在") + v[0]
		return before + "着" + v[1] + "。", before + "过" + v[1] + "。"
	}},
}
