package tales

// word is a noun of the tales in English and Chinese.
type word struct {
	en, zh string
	plural string // English; the same as en for fish
	unit   string // the Chinese measure word
}

// hero is a person of the tales, with pronouns.
type hero struct {
	en, zh       string
	he, him, his string
	pronoun      string // Chinese
}

// The vocabulary, simple words first: level 1 uses the first four of each list, level 2 six, level 3
// all.
var (
	heroes = []hero{
		{"Anna", "安娜", "she", "her", "her", "她"},
		{"Tom", "汤姆", "he", "him", "his", "他"},
		{"Lily", "莉莉", "she", "her", "her", "她"},
		{"Jack", "杰克", "he", "him", "his", "他"},
		{"Emma", "艾玛", "she", "her", "her", "她"},
		{"Peter", "彼得", "he", "him", "his", "他"},
		{"Lucy", "露西", "she", "her", "her", "她"},
		{"David", "大卫", "he", "him", "his", "他"},
	}
	animals = []word{
		{en: "rabbit", zh: "兔子", unit: "只"},
		{en: "fox", zh: "狐狸", unit: "只"},
		{en: "puppy", zh: "小狗", unit: "只"},
		{en: "otter", zh: "水獭", unit: "只"},
		{en: "pony", zh: "小马", unit: "匹"},
		{en: "kitten", zh: "小猫", unit: "只"},
		{en: "donkey", zh: "毛驴", unit: "头"},
		{en: "squirrel", zh: "松鼠", unit: "只"},
	}
	things = []word{
		{en: "kite", zh: "风筝", unit: "只"},
		{en: "hat", zh: "帽子", unit: "顶"},
		{en: "ball", zh: "皮球", unit: "个"},
		{en: "umbrella", zh: "雨伞", unit: "把"},
		{en: "book", zh: "书", unit: "本"},
		{en: "scarf", zh: "围巾", unit: "条"},
		{en: "drum", zh: "鼓", unit: "面"},
		{en: "lantern", zh: "灯笼", unit: "盏"},
	}
	colours = []word{
		{en: "red", zh: "红色"}, {en: "blue", zh: "蓝色"}, {en: "green", zh: "绿色"}, {en: "yellow", zh: "黄色"},
		{en: "white", zh: "白色"}, {en: "purple", zh: "紫色"}, {en: "pink", zh: "粉色"}, {en: "black", zh: "黑色"},
	}
	foods = []word{
		{en: "apple", plural: "apples", zh: "苹果", unit: "个"},
		{en: "pear", plural: "pears", zh: "梨", unit: "个"},
		{en: "carrot", plural: "carrots", zh: "胡萝卜", unit: "根"},
		{en: "cookie", plural: "cookies", zh: "饼干", unit: "块"},
		{en: "fish", plural: "fish", zh: "鱼", unit: "条"},
		{en: "banana", plural: "bananas", zh: "香蕉", unit: "根"},
		{en: "egg", plural: "eggs", zh: "鸡蛋", unit: "个"},
		{en: "cherry", plural: "cherries", zh: "樱桃", unit: "颗"},
	}
	mornings = []word{
		{en: "One morning", zh: "一天早上"},
		{en: "One afternoon", zh: "一天下午"},
		{en: "One evening", zh: "一天傍晚"},
		{en: "One sunny day", zh: "一个晴天"},
		{en: "One Sunday", zh: "一个星期天"},
		{en: "One spring day", zh: "春天的一天"},
		{en: "One autumn day", zh: "秋天的一天"},
		{en: "One windy day", zh: "一个刮风的日子"},
	}
	hidings = []word{
		{en: "behind a big tree", zh: "一棵大树后面"},
		{en: "under a bench", zh: "一张长椅下面"},
		{en: "beside a stone bridge", zh: "一座石桥旁边"},
		{en: "under a pile of leaves", zh: "一堆树叶下面"},
		{en: "behind an old wall", zh: "一堵旧墙后面"},
		{en: "next to a well", zh: "一口井旁边"},
		{en: "behind a wooden house", zh: "一座木屋后面"},
		{en: "under a ladder", zh: "一架梯子下面"},
	}
	places = []place{
		{"the park", "in", "公园", "公园里"},
		{"the river", "by", "河边", "河边"},
		{"the forest", "in", "森林", "森林里"},
		{"the lake", "by", "湖边", "湖边"},
		{"the hill", "on", "山上", "山上"},
		{"the garden", "in", "花园", "花园里"},
		{"the village", "in", "村子", "村子里"},
		{"the beach", "on", "海边", "海边"},
	}
	// numbersEn and numbersZh count from 0; before a measure word, two is 两.
	numbersEn = []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	numbersZh = []string{"零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十"}
)

// place is a place of the tales, as the goal of a walk and as a location.
type place struct {
	en, at string // noun and preposition of the location: "the park", "in"
	to, in string // goal and location: 公园, 公园里
}

// a returns an English noun with its indefinite article.
func a(noun string) string {
	switch noun[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an " + noun
	}
	return "a " + noun
}

// count returns the phrase for n of w, in English and, with the measure word, in Chinese.
func (w word) count(n int) (en, zh string) {
	en = numbersEn[n] + " " + w.plural
	if n == 1 {
		en = "one " + w.en
	}
	return en, numbersZh[n] + w.unit + w.zh
}
