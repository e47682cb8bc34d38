// What the page says, in both languages. Elements take their text from data-say, their label from data-label.
const words = {
  en: {
    skip: "To the text", display: "Display", theme: "Dark mode", language: "中文", text: "Text", settings: "Settings",
    loading: "Loading the model …", prompt: "Text to continue", source: "Text to answer", message: "Your message", generate: "Generate", send: "Send",
    stop: "Stop", regenerate: "Another", clear: "New chat", compare: "Side by side", model: "Model", seed: "Seed", back: "Undo branch",
    legend: "Probability of each token under the model:", key: "API key", stops: "Stop texts, one a line", defaults: "Defaults", keys: "Keyboard", off: "off",
    max_tokens: "Tokens at most", temperature: "Temperature", top_k: "Top-k", top_p: "Top-p", min_p: "Min-p", typical: "Typical", repetition_penalty: "Repetition penalty",
    frequency_penalty: "Frequency penalty", presence_penalty: "Presence penalty", no_repeat: "No repeated n-gram", greedy: "greedy",
    you: "You", reply: "Reply", generating: "generating …", waiting: "waiting …", rate: "tokens/s", tokens: "tokens", context: "context",
    length: "length reached", "end": "end of text", interrupted: "stopped", exhausted: "no token left", time: "time is up", choose: "Alternatives",
    hint: "A click continues from there.", fixed: "The server cannot continue after this token.", probability: "probability", empty: "Generated text appears here. A click on a token shows what else could have been there.",
    shortcuts: [["Ctrl + Enter", "generate"], ["Esc", "stop; close the alternatives"], ["← →", "from token to token"], ["Enter", "alternatives of the token"], ["Ctrl + Shift + Enter", "another, with the next seed"]],
  },
  zh: {
    skip: "跳到文本", display: "显示", theme: "深色模式", language: "English", text: "文本", settings: "设置",
    loading: "正在加载模型……", prompt: "待续写的文本", source: "待回答的文本", message: "你的消息", generate: "生成", send: "发送",
    stop: "停止", regenerate: "换一个", clear: "新对话", compare: "并排比较", model: "模型", seed: "种子", back: "撤销分支",
    legend: "每个词元在模型下的概率：", key: "API 密钥", stops: "停止文本，每行一个", defaults: "恢复默认值", keys: "键盘操作", off: "关",
    max_tokens: "最多词元数", temperature: "温度", top_k: "Top-k", top_p: "Top-p", min_p: "Min-p", typical: "典型采样", repetition_penalty: "重复惩罚",
    frequency_penalty: "频率惩罚", presence_penalty: "存在惩罚", no_repeat: "禁止重复的 n 元组", greedy: "贪心",
    you: "你", reply: "回复", generating: "正在生成……", waiting: "等待中……", rate: "词元/秒", tokens: "个词元", context: "上下文",
    length: "已达长度上限", "end": "文本结束", interrupted: "已停止", exhausted: "没有可选词元", time: "时间已到", choose: "备选词元",
    hint: "点击即从该处继续生成。", fixed: "服务器无法从这个词元继续。", probability: "概率", empty: "生成的文本显示在这里。点击词元可查看该处的其他可能。",
    shortcuts: [["Ctrl + Enter", "生成"], ["Esc", "停止；关闭备选词元"], ["← →", "在词元之间移动"], ["Enter", "查看该词元的备选"], ["Ctrl + Shift + Enter", "用下一个种子重新生成"]],
  },
};

let language = "en";

// say returns the words of a key in the language shown.
export function say(key) { return words[language][key] ?? key; }

export function current() { return language; }

// translate puts the words of the current language into an element.
export function translate(root) {
  for (const e of root.querySelectorAll("[data-say]")) { e.textContent = say(e.dataset.say); }
  for (const e of root.querySelectorAll("[data-label]")) { e.setAttribute("aria-label", say(e.dataset.label)); }
}

// setLanguage shows the whole page in a language, "en" or "zh".
export function setLanguage(name) {
  language = name === "zh" ? "zh" : "en";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  translate(document);
}
