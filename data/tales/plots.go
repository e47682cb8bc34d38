package tales

// line is a sentence in both languages, with slots in braces.
type line struct {
	level  int // lowest level of tales that have the sentence
	en, zh string
}

// query is a question about a tale and its only right answer.
type query struct {
	question, answer line
}

// plot is the template of a tale: its sentences, questions about it, and a headline.
type plot struct {
	lines    []line
	queries  []query
	headline line
}

// plots are the templates of all tales; cast fills their slots.
var plots = []plot{
	{ // something is lost and found
		lines: []line{
			{1, "{When}, {hero} went to {place} with {his} {colour} {thing}.", "{When}，{hero}带着{his}的{colour}{thing}去了{place}。"},
			{3, "The sky was clear, and the birds were singing.", "天空很晴朗，鸟儿在唱歌。"},
			{1, "There {he} met {a animal}.", "在那里，{he}遇到了一{unit}{animal}。"},
			{2, "They played together for a long time.", "他们一起玩了很久。"},
			{1, "Suddenly, {hero} could not find the {thing}.", "突然，{hero}找不到{thing}了。"},
			{2, "{hero} was very sad.", "{hero}非常难过。"},
			{2, "“Do not worry,” said the {animal}. “I will help you.”", "“别担心，”{animal}说，“我来帮你。”"},
			{3, "They looked everywhere {at place}.", "他们在{at place}到处寻找。"},
			{1, "At last, the {animal} found the {thing} {hiding}.", "最后，{animal}在{hiding}找到了{thing}。"},
			{1, "{hero} thanked the {animal} and gave it {gift}.", "{hero}谢过{animal}，送给它{gift}。"},
			{3, "From that day on, they were good friends.", "从那天起，他们成了好朋友。"},
		},
		queries: []query{
			{line{1, "Where did {hero} go?", "{hero}去了哪里？"}, line{1, "To {place}.", "{place}。"}},
			{line{1, "What did {hero} lose?", "{hero}丢了什么？"}, line{1, "{A colour} {thing}.", "一{thing unit}{colour}的{thing}。"}},
			{line{1, "Who found the {thing}?", "谁找到了{thing}？"}, line{1, "The {animal}.", "{animal}。"}},
			{line{1, "Where was the {thing}?", "{thing}在哪里？"}, line{1, "{Hiding}.", "在{hiding}。"}},
			{line{1, "What did {hero} give the {animal}?", "{hero}送给{animal}什么？"}, line{1, "{Gift}.", "{gift}。"}},
		},
		headline: line{1, "{A animal} finds {hero}'s {colour} {thing}", "{animal}找到了{hero}的{colour}{thing}"},
	},
	{ // food is shared
		lines: []line{
			{1, "{When}, {hero} sat {at place} with {many}.", "{When}，{hero}带着{many}坐在{at place}。"},
			{2, "{He} was just about to eat.", "{he}正要吃东西。"},
			{1, "A hungry {animal} came along.", "一{unit}饥饿的{animal}走了过来。"},
			{2, "“May I have {a food}?” asked the {animal}.", "“我可以吃一{food unit}{food}吗？”{animal}问。"},
			{3, "“Of course,” said {hero}. “There is enough for both of us.”", "“当然可以，”{hero}说，“够我们俩吃的。”"},
			{1, "{hero} smiled and gave the {animal} {some}.", "{hero}笑了笑，给了{animal}{some}。"},
			{1, "Now {he} had {left} left.", "现在{he}还剩{left}。"},
			{3, "The {animal} ate everything and thanked {him}.", "{animal}全都吃完了，并且谢过{him}。"},
			{2, "They sat together until it got dark.", "他们一起坐到了天黑。"},
		},
		queries: []query{
			{line{1, "Where did {hero} sit?", "{hero}坐在哪里？"}, line{1, "{At place}.", "{at place}。"}},
			{line{1, "Who was hungry?", "谁饿了？"}, line{1, "The {animal}.", "{animal}。"}},
			{line{1, "What did {hero} have at first?", "{hero}一开始有什么？"}, line{1, "{Many}.", "{many}。"}},
			{line{1, "What did {hero} give the {animal}?", "{hero}给了{animal}什么？"}, line{1, "{Some}.", "{some}。"}},
			{line{1, "What did {hero} have left?", "{hero}还剩什么？"}, line{1, "{Left}.", "{left}。"}},
		},
		headline: line{1, "{hero} shares {some} with {a animal}", "{hero}和{animal}分享{some}"},
	},
	{ // a present is bought
		lines: []line{
			{1, "It was the {animal}'s birthday.", "这天是{animal}的生日。"},
			{2, "{hero} wanted to give it a present.", "{hero}想送给它一件礼物。"},
			{1, "{hero} went to the market and saw {a colour} {thing} and {a other colour} {other}.",
				"{hero}去了集市，看见一{thing unit}{colour}的{thing}和一{other unit}{other colour}的{other}。"},
			{1, "The {thing} cost {price} coins, and the {other} cost {other price} coins.", "{thing}要{price}枚硬币，{other}要{other price}枚硬币。"},
			{1, "{hero} had only {purse} coins, so {he} bought the {thing}.", "{hero}只有{purse}枚硬币，所以{he}买了{thing}。"},
			{3, "Then {he} ran to {place}, where the {animal} lived.", "然后{he}跑到{animal}住的{place}。"},
			{1, "The {animal} liked the {colour} {thing} very much.", "{animal}非常喜欢这{thing unit}{colour}的{thing}。"},
			{2, "“Thank you, {hero}!” it said.", "“谢谢你，{hero}！”它说。"},
			{3, "In the evening, they ate {gift} together.", "晚上，他们一起吃了{gift}。"},
		},
		queries: []query{
			{line{1, "Whose birthday was it?", "这天是谁的生日？"}, line{1, "The {animal}'s.", "{animal}的。"}},
			{line{1, "What did {hero} buy?", "{hero}买了什么？"}, line{1, "{A colour} {thing}.", "一{thing unit}{colour}的{thing}。"}},
			{line{1, "How many coins did {hero} have?", "{hero}有多少枚硬币？"}, line{1, "{Purse}.", "{purse}枚。"}},
			{line{1, "How many coins did the {other} cost?", "{other}要多少枚硬币？"}, line{1, "{Other price}.", "{other price}枚。"}},
			{line{1, "What colour was the {other}?", "{other}是什么颜色的？"}, line{1, "{Other colour}.", "{other colour}。"}},
		},
		headline: line{1, "{hero} buys {a colour} {thing} for the {animal}", "{hero}给{animal}买了一{thing unit}{colour}的{thing}"},
	},
	{ // a race is run
		lines: []line{
			{1, "{When}, {a animal} and {a rival} had a race to {place}.", "{When}，{animal}和{rival}比赛谁先跑到{place}。"},
			{2, "“I am much faster than you,” said the {animal}.", "“我比你快得多，”{animal}说。"},
			{1, "The {animal} ran very fast, but it stopped to eat {some}.", "{animal}跑得很快，但是它停下来吃了{some}。"},
			{3, "After that, it felt sleepy and lay down in the grass.", "吃完以后，它困了，躺在草地上。"},
			{1, "The {rival} never stopped.", "{rival}一直没有停。"},
			{1, "In the end, the {rival} won the race.", "最后，{rival}赢得了比赛。"},
			{1, "{hero} gave the winner {a colour} {thing}.", "{hero}送给冠军一{thing unit}{colour}的{thing}。"},
			{2, "“Next time I will not stop,” said the {animal}.", "“下次我不会停下来了，”{animal}说。"},
			{3, "Everyone laughed and went home happily.", "大家都笑了，高高兴兴地回了家。"},
		},
		queries: []query{
			{line{1, "Who won the race?", "谁赢得了比赛？"}, line{1, "The {rival}.", "{rival}。"}},
			{line{1, "Who stopped?", "谁停了下来？"}, line{1, "The {animal}.", "{animal}。"}},
			{line{1, "What did the {animal} eat?", "{animal}吃了什么？"}, line{1, "{Some}.", "{some}。"}},
			{line{1, "Where did they race to?", "他们跑到哪里？"}, line{1, "To {place}.", "{place}。"}},
			{line{1, "What did the winner get?", "冠军得到了什么？"}, line{1, "{A colour} {thing}.", "一{thing unit}{colour}的{thing}。"}},
		},
		headline: line{1, "The {rival} wins a race against the {animal}", "{rival}在赛跑中赢了{animal}"},
	},
}
