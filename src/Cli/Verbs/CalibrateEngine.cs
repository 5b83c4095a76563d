using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Engine.Gguf;
using Orrery.Kernel;
using Orrery.Lab.Scenarios;
using Orrery.Live.Calibration;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.Cli.Verbs;

/// <summary>The half of <c>calibrate</c> that measures a model on the engine of this machine.</summary>
internal sealed class CalibrateEngine
{
    private const string ProfileFile = "profile.yaml";
    private const string DeviceFile = "device.yaml";
    private const string ScenarioFile = "scenario.yaml";
    private const int MostThreads = 1024;
    private const double Giga = 1e9;
    private const double Microseconds = 1e6;

    private readonly Option<string?> _engine = new("--engine") { Description = "Measure this model on the engine of this machine: a GGUF file, or tiny-kjv.", HelpName = "MODEL" };
    private readonly Option<string?> _threads = new("--threads") { Description = "Of the engine, with --engine; default: one per processor.", HelpName = "N" };
    private readonly Option<bool> _quick = new("--quick") { Description = "With --engine: fewer steps, in ten seconds instead of a minute." };

    public void AddTo(Command verb)
    {
        verb.Add(_engine);
        verb.Add(_threads);
        verb.Add(_quick);
    }

    /// <summary>Whether any of these flags is there.</summary>
    public bool IsAsked(ParseResult parsed) => parsed.GetValue(_engine) is not null || parsed.GetValue(_threads) is not null || parsed.GetValue(_quick);

    public int Run(ParseResult parsed, string? folder, string? json, Terminal terminal)
    {
        string name = parsed.GetValue(_engine) ?? throw new InputException("orrery calibrate needs --engine MODEL beside --threads and --quick; see 'orrery calibrate --help'");
        if (folder is not null && File.Exists(folder)) throw new InputException($"--out {folder}: this is a file; name a folder");
        CalibrationOptions options = new() { Threads = ThreadsOf("--threads", parsed.GetValue(_threads)), IsQuick = parsed.GetValue(_quick) };
        terminal.WatchInterrupt("nothing was written");
        CalibrationResult result;
        using (var progress = new ProgressLine(terminal))
            result = Calibrate(name, options with { Progress = progress.Say }, terminal.Interrupted);
        Print(result, terminal.Output);
        if (folder is not null) Write(result.Engine, name, folder, terminal.Output);
        if (json is not null) JsonOutput.Write(writer => WriteJson(result, writer), json, terminal);
        return ExitCode.Done;
    }

    /// <summary>Measures a model that a user named.</summary>
    public static CalibrationResult Calibrate(string name, CalibrationOptions options, CancellationToken stop)
    {
        using GgufFile file = ModelVerbs.Open(name);
        ModelSpec model = GgufModel.Read(file, Path.GetFileNameWithoutExtension(name));
        return EngineCalibration.Run(file, model, GgufModel.PrecisionOf(file), options, TimeProvider.System, stop);
    }

    public static int ThreadsOf(string flag, string? text)
    {
        if (text is null) return 0;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads is >= 1 and <= MostThreads
            ? threads
            : throw new InputException($"{flag}: '{text}' is not a whole number from 1 to {MostThreads}");
    }

    public static void Print(CalibrationResult result, TextWriter output)
    {
        CalibratedEngine engine = result.Engine;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{engine.Model.Name} on this machine: {engine.Machine.Threads} threads, {TextTable.Figure(engine.Machine.ReadBytesPerSecond / Giga)} GB/s read, {TextTable.Figure(engine.Machine.FlopsPerSecond / Giga)} GFLOP/s; a token is chosen in {TextTable.Figure(result.SampleSeconds * Microseconds)} µs"));
        output.WriteLine();
        var table = new TextTable(new("steps", IsNumber: false), new("measured"), new("fit %"), new("left out"), new("left out %"), new("weighted %"), new("P95 %"), new("bias %"));
        foreach (StepErrors errors in engine.Errors)
        {
            table.Add(
                errors.Kind is { } kind ? ChoiceNames.Of(kind) : "all", Count(errors.Fit), Share(errors.Fit.Mape), Count(errors.LeftOut),
                Share(errors.LeftOut.Mape), Share(errors.LeftOut.TimeWeightedMape), Share(errors.LeftOut.P95), Share(errors.LeftOut.Bias));
        }
        table.Write(output);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"each step is the median of {result.Samples.Min(sample => sample.Repetitions)} runs; the middle half of the runs of a step lies within {100 * FitErrors.Quantile([.. result.Samples.Select(sample => sample.Spread)], 0.5):0} % of it (median over steps)"));
    }

    private static void Write(CalibratedEngine engine, string model, string folder, TextWriter output)
    {
        Save(ProfileFile, engine.Profile.Write(), "Made by `orrery calibrate --engine`: times of the CPU engine of one machine, as profile: {file: …}.");
        Save(DeviceFile, engine.Machine.Write(), "The machine, as device: {…} of a fleet entry.");
        Save(ScenarioFile, Scenario(engine, model), $"An example on this machine: `orrery simulate {Path.Combine(folder, ScenarioFile)}`.");

        void Save(string file, Node node, string heading) => CalibrateVerb.Save(Path.Combine(folder, file), YamlText.Write(node, heading), output);
    }

    /// <summary>A scenario that runs at once: the model, the machine and light traffic.</summary>
    private static Node Scenario(CalibratedEngine engine, string model)
    {
        // The model that comes with the program has no file.
        Node source = File.Exists(model) ? Node.Map(Entry("gguf", Node.Quoted(Path.GetFullPath(model)))) : Node.Map(Entry("gguf", Node.Plain(model)));
        return Node.Map(
            Entry("name", Node.Plain("this-machine")),
            Entry("model", source),
            Entry("precision", Node.Map(Entry("weights", Node.Plain(ChoiceNames.Of(engine.Precision.Weights))))),
            Entry("fleet", Node.List(Node.Map(
                Entry("device", engine.Machine.Write()),
                Entry("profile", Node.Map(Entry("file", Node.Plain(ProfileFile)))),
                Entry("scheduler", Node.Plain("vllm-v1"))))),
            Entry("traffic", Node.Map(
                Entry("generator", Node.Plain("poisson")),
                Entry("rate", Node.Plain("1/s")),
                Entry("requests", Node.Plain("100")),
                Entry("prompt", Node.Map(Entry("fixed", Node.Plain("64")))),
                Entry("output", Node.Map(Entry("fixed", Node.Plain("32")))))));
    }

    private static void WriteJson(CalibrationResult result, Utf8JsonWriter writer)
    {
        CalibratedEngine engine = result.Engine;
        writer.WriteStartObject();
        writer.WriteString("schema", "orrery.engine-calibration/1");
        writer.WriteString("model", engine.Model.Name);
        writer.WriteStartObject("machine");
        writer.WriteNumber("threads", engine.Machine.Threads);
        writer.WriteNumber("readBytesPerSecond", engine.Machine.ReadBytesPerSecond);
        writer.WriteNumber("fmaFlopsPerSecond", engine.Machine.FlopsPerSecond);
        writer.WriteNumber("memoryBytes", engine.Machine.MemoryBytes);
        writer.WriteEndObject();
        writer.WriteNumber("sampleSeconds", result.SampleSeconds);
        writer.WriteStartArray("errors");
        foreach (StepErrors errors in engine.Errors)
        {
            writer.WriteStartObject();
            writer.WriteString("steps", errors.Kind is { } kind ? ChoiceNames.Of(kind) : "all");
            WriteError("fit", errors.Fit);
            WriteError("leftOut", errors.LeftOut);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("steps");
        foreach (StepSample sample in result.Samples)
        {
            writer.WriteStartObject();
            writer.WriteNumber("decodes", sample.Point.Contexts.Count);
            writer.WriteNumber("contextTokens", sample.Point.Contexts.Sum());
            writer.WriteNumber("promptTokens", sample.Point.Chunks.Sum(chunk => chunk.Tokens));
            writer.WriteNumber("historyTokens", sample.Point.Chunks.Sum(chunk => chunk.HistoryTokens));
            writer.WriteNumber("sampledTokens", sample.Point.Sampled);
            writer.WriteNumber("seconds", sample.Seconds);
            writer.WriteNumber("spread", sample.Spread);
            writer.WriteNumber("repetitions", sample.Repetitions);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();

        void WriteError(string key, FitError error)
        {
            writer.WriteStartObject(key);
            writer.WriteNumber("mape", error.Mape);
            writer.WriteNumber("timeWeighted", error.TimeWeightedMape);
            writer.WriteNumber("p95", error.P95);
            writer.WriteNumber("bias", error.Bias);
            writer.WriteNumber("samples", error.Samples);
            writer.WriteEndObject();
        }
    }

    private static KeyValuePair<string, Node> Entry(string key, Node value) => KeyValuePair.Create(key, value);

    private static string Count(FitError error) => error.Samples.ToString(CultureInfo.InvariantCulture);

    private static string Share(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);
}
