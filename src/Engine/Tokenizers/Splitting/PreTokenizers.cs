using Orrery.Kernel;

namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>
/// The pre-tokenisers by the names that GGUF files give them. Source of names and expressions: llama.cpp, src/llama-vocab.cpp as of February 2025 (commit c392e50), and for
/// names added later the same file as of 2026 (b); each expression goes back to the tokenizer file of the model it is named after.
/// </summary>
internal static class PreTokenizers
{
    private const string Contraction = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    private const string SpaceTail = @"|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Words that begin with capitals or go on in small letters, as the vocabulary o200k has them; letters beyond ASCII count as both.</summary>
    private const string Capitals = @"[\p{L}&&[^a-z]]";
    private const string Smalls = @"[\p{L}&&[^A-Z]]";

    private const string AnyButWordsAndMarks = @" ?[^(\s|.,!?…。，、।۔،)]+";
    private const string ChineseAndKana = "[一-龥぀-ゟ゠-ヿ]+";

    /// <summary>Letters of alphabets that know capitals, as the tokenizer of DeepSeek LLM lists them.</summary>
    private const string CasedLetters =
        "\\s?[A-Za-z"
        + "\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F"
        + "\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD"
        + "\u1C90-\u1CBA\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57"
        + "\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC"
        + "\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139"
        + "\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B"
        + "\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\U00010400-\U0001044F"
        + "\U000104B0-\U000104D3\U000104D8-\U000104FB\U00010C80-\U00010CB2\U00010CC0-\U00010CF2\U000118A0-\U000118DF\U0001E900-\U0001E943]+";

    private static readonly Dictionary<string, Func<PreTokenizer>> ByName = Build();

    /// <summary>Stands for a missing name.</summary>
    public const string Default = "default";

    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <param name="name">Value of <c>tokenizer.ggml.pre</c>.</param>
    /// <param name="file">File, for the error.</param>
    /// <exception cref="InputException">An unknown name: a wrong guess would give wrong tokens without a sign of it.</exception>
    public static PreTokenizer Find(string name, string file) =>
        ByName.TryGetValue(name, out Func<PreTokenizer>? make)
            ? make()
            : throw new InputException($"{file}: the pre-tokeniser '{name}' (tokenizer.ggml.pre) is not supported{Kernel.Names.Suggest(name, [.. ByName.Keys])}");

    private static Dictionary<string, Func<PreTokenizer>> Build()
    {
        var table = new Dictionary<string, Func<PreTokenizer>>(StringComparer.Ordinal);
        AddPlainWords(table);
        AddCl100k(table);
        AddO200k(table);
        AddOthers(table);
        return table;
    }

    /// <summary>GPT-2's words, alone or after a first pass over digits and signs.</summary>
    private static void AddPlainWords(Dictionary<string, Func<PreTokenizer>> table)
    {
        Add(table, () => new([new PatternRule(@"[\p{P}\$\+<=>\^~\|]+"), new Gpt2Words(), new PatternRule(@"\p{N}+"), new PatternRule("[0-9][0-9][0-9]")]), Default);
        Add(table, () => new([new Gpt2Words()]), "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de", "jina-v2-code", "roberta-bpe",
            "gigachat", "a.x-4.0", "mellum", "modern-bert", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4");
        Add(table, () => new([new PatternRule(@"\p{N}"), new Gpt2Words()]), "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2");
        Add(table, () => new([new PatternRule(@"[\p{P}\$\+<=>\^~\|`]+"), new Gpt2Words(), new PatternRule("[0-9][0-9][0-9]")]), "falcon");
        Add(table, () => new(
        [
            new PatternRule("<sentinel:[0-9]+>"), new PatternRule("(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z"), new PatternRule(@"([\t\n]|    |  )"), new PatternRule(@"\p{N}"),
            new PatternRule(@"[\p{P}!-/:-@\[-`{-~]"), new Gpt2Words(),
        ])
        { AddsBos = true }, "chameleon");
    }

    private static void AddCl100k(Dictionary<string, Func<PreTokenizer>> table)
    {
        const int three = 3;
        Add(table, () => new([new Cl100kWords(three)]) { IgnoresMerges = true, AddsBos = true },
            "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano");
        Add(table, () => new([new Cl100kWords(three)]), "dbrx", "smaug-bpe", "chatglm-bpe", "glm4");
        Add(table, () => new([new Cl100kWords(1)]), "qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "hunyuan", "solar-open", "grok-2", "kormo", "f2llmv2");
        Add(table, () => new([new PatternRule(
            Contraction + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + SpaceTail)]), "qwen35");
        Add(table, () => new([new PatternRule(
            Contraction + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")]), "bailingmoe", "bailingmoe2", "llada-moe");
        Add(table, () => new([new PatternRule(
            Contraction + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+" + SpaceTail)]), "seed-coder");
        Add(table, () => new([new PatternRule(
            Contraction + @"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+")]), "exaone-moe");
        Add(table, () => new([new PatternRule(
            Contraction + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)"
            + @"|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}")]), "jais-2");
    }

    private static void AddO200k(Dictionary<string, Func<PreTokenizer>> table)
    {
        const string prefix = @"[^\r\n\p{L}\p{N}]?";
        const string signs = @"| ?[^\s\p{L}\p{N}]+[\r\n/]*";
        Add(table, () => new([new PatternRule(
            prefix + Capitals + "*" + Smalls + "+" + Contraction + "?|" + prefix + Capitals + "+" + Smalls + "*" + Contraction + @"?|\p{N}{1,3}" + signs + SpaceTail)]),
            "gpt-4o", "llama4", "kanana2", "minimax-m2");
        Add(table, () => new([new PatternRule(
            prefix + Capitals + "*" + Smalls + "+|" + prefix + Capitals + "+" + Smalls + @"*|\p{N}" + signs + SpaceTail)])
        { IgnoresMerges = true, AddsBos = true }, "tekken");
        Add(table, () => new(
        [
            new PatternRule("[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|" + ChineseAndKana),
            new PatternRule(prefix + @"[\p{L}\p{M}]+" + Contraction + @"?|\p{N}" + signs + SpaceTail),
        ])
        { IgnoresMerges = true }, "youtu");
    }

    private static void AddOthers(Dictionary<string, Func<PreTokenizer>> table)
    {
        Add(table, () => new(
        [
            new PatternRule(@"[\r\n]"), new PatternRule(CasedLetters), new PatternRule(@"\s?[!-/:-~！-／：-～‘-‟　-。]+"), new TrailingSpace(), new PatternRule("[一-龥ࠀ-一가-퟿]+"),
            new PatternRule(@"\p{N}+"),
        ]), "deepseek-llm");
        Add(table, () => new(
        [
            new PatternRule(@"[\r\n]"), new PatternRule(@"\s?\p{L}+"), new PatternRule(@"\s?\p{P}+"), new PatternRule("[一-龥ࠀ-一가-퟿]+"), new PatternRule(@"\p{N}"),
        ]), "deepseek-coder");
        const string signedWords =
            @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + SpaceTail;
        Add(table, () => new([new PatternRule(@"\p{N}{1,3}"), new PatternRule(ChineseAndKana), new PatternRule(signedWords)]), "deepseek-v3", "hunyuan-dense", "joyai-llm");
        Add(table, () => new(
        [
            new DigitThrees(), new PatternRule("[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+"), new PatternRule(signedWords),
        ]), "afmoe");
        Add(table, () => new([new PatternRule(AnyButWordsAndMarks)]), "bloom", "poro-chat", "gpt3-finnish");
        Add(table, () => new([new PatternRule(AnyButWordsAndMarks), new PatternRule(@"\p{N}")]), "viking");
        Add(table, () => new([new DigitThrees()]), "superbpe");
    }

    private static void Add(Dictionary<string, Func<PreTokenizer>> table, Func<PreTokenizer> make, params ReadOnlySpan<string> names)
    {
        foreach (string name in names) table.Add(name, make);
    }
}
