using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Engine.Benchmarks;
using Orrery.Engine.Gguf;
using Orrery.Engine.Kernels;
using Orrery.Engine.Making;
using Orrery.Engine.Models;
using Orrery.Engine.Threads;
using Orrery.Kernel;

namespace Orrery.Cli.Verbs;

/// <summary><c>bench engine</c>: tokens per second beside the ceilings of this machine, measured in the same run.</summary>
internal sealed class BenchEngineVerb : Verb
{
    private const string DefaultShape = "r110m";
    private const double Giga = 1e9;
    private const double Gibi = 1 << 30;
    private const double Mebi = 1 << 20;
    private const double Million = 1e6;
    private readonly Option<string[]> _model = new("--model") { HelpName = "FILE", Description = "A model file; may be repeated. Without it, models with random weights are made." };

    private readonly Option<string> _shape = new("--shape")
    {
        HelpName = "NAME,…",
        Description = $"Sizes of the made models; default: {DefaultShape}. Known: {string.Join(", ", ModelShape.All.Select(shape => shape.Name))}.",
    };

    private readonly Option<string> _type = new("--type") { HelpName = "TYPE,…", Description = "How the made models are stored; default: Q8_0,Q4_0." };
    private readonly Option<string> _threads = new("--threads") { HelpName = "N", Description = "Threads; default: one per processor." };
    private readonly Option<string> _prompt = new("--prompt") { HelpName = "N,…", Description = "Tokens of the prompts that are prefilled; default: 512; 0 for none." };
    private readonly Option<string> _generate = new("--generate") { HelpName = "N,…", Description = "Tokens that one sequence generates; default: 128; 0 for none." };
    private readonly Option<string> _batch = new("--batch") { HelpName = "N,…", Description = "Sequences that are decoded together; default: 2,4,8,16; 0 for none." };
    private readonly Option<string> _batchGenerate = new("--batch-generate") { HelpName = "N", Description = "Tokens that each of these generates; default: 32." };
    private readonly Option<string> _repeat = new("--repeat") { HelpName = "N", Description = "Measured runs of each test, after a warm-up; default: 5." };
    private readonly Option<string> _json = CommonOptions.Json();

    public BenchEngineVerb()
        : base("engine", "Prefill, decode and batched decode in tokens per second, against the machine's roofline.",
            "bench engine", "bench engine --shape r1.1b --type Q8_0 --batch 8", "bench engine --model model.gguf --threads 1 --json -")
    {
        Add(_model);
        Add(_shape);
        Add(_type);
        Add(_threads);
        Add(_prompt);
        Add(_generate);
        Add(_batch);
        Add(_batchGenerate);
        Add(_repeat);
        Add(_json);
    }

    public override IReadOnlyList<string> Notes { get; } =
    [
        "Columns are llama-bench's: pp512 is the prefill of a prompt of 512 tokens, tg128 the generation of 128, tg32@8 that of 32 by each of eight sequences (tokens of all of them).",
        "The ceiling of decoding is what the rate of reading the model's weights (measured around each run), or the rate of single-precision multiply-adds allows, the lower of the two; that of prefill is the latter. Integer kernels can exceed it.",
        "Speed does not depend on the values of weights, so made models measure as well as trained ones.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        JsonOutput.Prepare(json, terminal);
        BenchTest[] tests = TestsOf(parsed);
        int threads = Number(parsed.GetValue(_threads), "--threads", 0, Environment.ProcessorCount * 4);
        int repetitions = Number(parsed.GetValue(_repeat), "--repeat", 5, 1000, least: 1);
        List<ModelSource> sources = [.. SourcesOf(parsed)];
        if (tests.Length == 0) throw new InputException("--prompt, --generate and --batch: all are 0, so there is nothing to measure; leave one of them out");
        terminal.WatchInterrupt("the measurements so far are shown");

        List<BenchedModel> models = [];
        Roofline roofline;
        using (var progress = new ProgressLine(terminal))
        {
            using (var pool = new WorkerPool(threads))
            {
                progress.Say("measuring the machine");
                roofline = Roofline.Measure(pool, TimeProvider.System);
            }
            try
            {
                foreach (ModelSource source in sources) models.Add(Bench(source, tests, repetitions, threads, roofline, progress, terminal.Interrupted));
            }
            catch (OperationCanceledException) when (terminal.Interrupted.IsCancellationRequested)
            {
                progress.Say("");
            }
        }
        if (json is not null) JsonOutput.Write(writer => WriteJson(roofline, models, writer), json, terminal);
        WriteText(roofline, models, terminal.Output);
        return terminal.Interrupted.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Done;
    }

    private static BenchedModel Bench(ModelSource source, BenchTest[] tests, int repetitions, int threads, Roofline roofline, ProgressLine progress, CancellationToken stop)
    {
        progress.Say($"{source.Name}: preparing");
        using ModelSource.OpenFile opened = source.Open(stop);
        GgufFile file = opened.File;
        ModelConfig config = ModelConfig.Read(file);
        if (tests.FirstOrDefault(test => test.Positions > config.ContextLength) is { } tooLong)
            throw new InputException($"{tooLong.Name}: its {tooLong.Positions} tokens are more than the {config.ContextLength} of context that {source.Name} was made for; give fewer with {(tooLong.PromptTokens > 0 ? "--prompt" : "--generate or --batch-generate")}");
        TouchedWeights touched = TouchedWeights.Of(file, config);
        double weightBytes = file.Tensors.Sum(tensor => (double)tensor.ByteCount);
        double parameters = file.Tensors.Sum(tensor => tensor.Dimensions.Aggregate(1.0, (product, dimension) => product * dimension));
        long start = TimeProvider.System.GetTimestamp();
        using Transformer model = Transformer.Load(file, new TransformerOptions { Threads = threads });
        double loadSeconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        var bench = new EngineBench(model, touched, roofline, TimeProvider.System);
        List<BenchResult> results = [];
        var benched = new BenchedModel(source.Name, weightBytes, parameters, model.Threads, loadSeconds, Environment.WorkingSet, results);
        foreach (BenchTest test in tests)
        {
            progress.Say($"{source.Name}: {test.Name}");
            if (stop.IsCancellationRequested) break;
            try
            {
                results.Add(bench.Run(test, repetitions, stop));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
        }
        return benched;
    }

    private static void WriteText(Roofline roofline, List<BenchedModel> models, TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"this machine: reads {TextTable.Figure(roofline.BytesPerSecond / Giga)} GB/s, multiplies and adds {TextTable.Figure(roofline.FlopsPerSecond / Giga)} GFLOP/s in single precision"));
        output.WriteLine();
        var table = new TextTable(new("model", IsNumber: false), new("size\nGiB"), new("params\nM"), new("backend", IsNumber: false), new("threads"), new("test", IsNumber: false), new("t/s"), new("weights read\nGB/s"), new("ceiling\nt/s"), new("of it"));
        foreach (BenchedModel model in models)
        {
            foreach (BenchResult result in model.Results)
            {
                table.Add(model.Name, Fixed(model.Bytes / Gibi, 2), Fixed(model.Parameters / Million, 0), Backend, model.Threads.ToString(CultureInfo.InvariantCulture), result.Test.Name,
                    $"{Fixed(result.TokensPerSecond, 2)} ± {Fixed(result.StandardDeviation, 2)}", TextTable.Figure(result.ReadBytesPerSecond / Giga), TextTable.Figure(result.CeilingTokensPerSecond), $"{Fixed(100 * result.Share, 0)} %");
            }
        }
        if (table.Rows > 0) table.Write(output);
        foreach (BenchedModel model in models.Where(model => model.Results.Count > 0))
            output.WriteLine($"{model.Name}: loaded in {Fixed(model.LoadSeconds, 2)} s, {Fixed(model.ResidentBytes / Mebi, 0)} MiB in memory then; {Allocation(model)}");
    }

    private static string Backend => $"CPU {InstructionSets.Best.ToString().ToLowerInvariant()}";

    private static string Allocation(BenchedModel model)
    {
        BenchResult[] decoded = [.. model.Results.Where(result => result.Test.GeneratedTokens > 0)];
        return decoded.Length == 0 ? "nothing decoded" : $"at most {Fixed(decoded.Max(result => result.AllocatedBytesPerToken), 1)} bytes allocated per decoded token";
    }

    private static void WriteJson(Roofline roofline, List<BenchedModel> models, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "orrery.bench/1");
        writer.WriteStartObject("machine");
        writer.WriteNumber("readBytesPerSecond", roofline.BytesPerSecond);
        writer.WriteNumber("fmaFlopsPerSecond", roofline.FlopsPerSecond);
        writer.WriteString("instructions", InstructionSets.Best.ToString().ToLowerInvariant());
        writer.WriteEndObject();
        writer.WriteStartArray("models");
        foreach (BenchedModel model in models)
        {
            writer.WriteStartObject();
            writer.WriteString("model", model.Name);
            writer.WriteNumber("bytes", model.Bytes);
            writer.WriteNumber("parameters", model.Parameters);
            writer.WriteNumber("threads", model.Threads);
            writer.WriteNumber("loadSeconds", model.LoadSeconds);
            writer.WriteNumber("residentBytes", model.ResidentBytes);
            writer.WriteStartArray("tests");
            foreach (BenchResult result in model.Results)
            {
                writer.WriteStartObject();
                writer.WriteString("test", result.Test.Name);
                writer.WriteNumber("tokensPerSecond", result.TokensPerSecond);
                writer.WriteNumber("standardDeviation", result.StandardDeviation);
                writer.WriteNumber("readBytesPerSecond", result.ReadBytesPerSecond);
                writer.WriteNumber("ceilingTokensPerSecond", result.CeilingTokensPerSecond);
                writer.WriteNumber("shareOfCeiling", result.Share);
                writer.WriteNumber("allocatedBytesPerToken", result.AllocatedBytesPerToken);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private IEnumerable<ModelSource> SourcesOf(ParseResult parsed)
    {
        string[] files = parsed.GetValue(_model) ?? [];
        if (files.Length > 0 && (parsed.GetValue(_shape) ?? parsed.GetValue(_type)) is not null)
            throw new InputException("--model: the file says its shape and types; leave out --shape and --type");
        foreach (string file in files) yield return ModelSource.OfFile(file);
        if (files.Length > 0) yield break;
        foreach (string shape in (parsed.GetValue(_shape) ?? DefaultShape).Split(','))
            foreach (string type in (parsed.GetValue(_type) ?? "Q8_0,Q4_0").Split(','))
                yield return ModelSource.Made(ModelMakeVerb.Named("--shape", () => ModelShape.Find(shape.Trim())), ModelMakeVerb.TypeOf(type.Trim()));
    }

    private BenchTest[] TestsOf(ParseResult parsed)
    {
        int batchTokens = Number(parsed.GetValue(_batchGenerate), "--batch-generate", 32, 1 << 20, least: 1);
        return
        [
            .. Numbers(parsed.GetValue(_prompt), "--prompt", "512", 1 << 20).Select(BenchTest.Prefill),
            .. Numbers(parsed.GetValue(_generate), "--generate", "128", 1 << 20).Select(tokens => BenchTest.Generate(tokens)),
            .. Numbers(parsed.GetValue(_batch), "--batch", "2,4,8,16", 512).Select(sequences => BenchTest.Generate(batchTokens, sequences)),
        ];
    }

    private static IEnumerable<int> Numbers(string? text, string flag, string usual, int most) =>
        (text ?? usual).Split(',').Select(part => Number(part.Trim(), flag, 0, most)).Where(number => number > 0);

    private static int Number(string? text, string flag, int usual, int most, int least = 0)
    {
        if (text is null) return usual;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new InputException($"{flag}: '{text}' is not a whole number from {least} to {most}");
    }

    private static string Fixed(double value, int digits) => value.ToString($"F{digits}", CultureInfo.InvariantCulture);

    private sealed record BenchedModel(string Name, double Bytes, double Parameters, int Threads, double LoadSeconds, double ResidentBytes, IReadOnlyList<BenchResult> Results);
}
