using System.CommandLine;
using Orrery.Cli.Shell;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Fidelity;
using Orrery.Lab.Reports;
using Orrery.Lab.Results;

namespace Orrery.Cli.Verbs;

/// <summary><c>fidelity</c>: how far the cost models lie from measurements.</summary>
internal sealed class FidelityVerb : Verb
{
    /// <summary>Names the data folder of every verb that reads public data.</summary>
    private const string DataVariable = "ORRERY_DATA";

    private readonly Option<string> _data = new("--data") { HelpName = "DIR", Description = $"Folder of public measurements; default: the variable {DataVariable}." };
    private readonly Option<string> _level = new("--level") { HelpName = "LEVEL,…", Description = "F1 operators, F2 steps, F3 deployments, F4 runs, energy; default: all of these. F5: this machine, live." };
    private readonly Option<string> _mode = new("--mode") { HelpName = "MODE", Description = "interpolate (the device's tables are given) or transfer (its data sheet only); default: both." };
    private readonly Option<string> _leave = new("--leave-out") { HelpName = "model|device", Description = "Of F1 only what is predicted without one model, or without the device." };
    private readonly Option<string> _json = CommonOptions.Json();
    private readonly FidelityLive _live = new();
    private readonly Option<string> _out = new("--out", "-o") { HelpName = "DIR", Description = "Folder for fidelity.json and report.html." };

    public FidelityVerb()
        : base("fidelity", "How far the cost models lie from public measurements, against stated bars.",
            "fidelity", "fidelity --data ../data --out out/fidelity", "fidelity --data ../data --level F1 --mode transfer", "fidelity --level F5 --model model.gguf")
    {
        foreach (Option option in new Option[] { _data, _level, _mode, _leave, _json, _out }) Add(option);
        _live.AddTo(this);
    }

    public override IReadOnlyList<string> Notes { get; } =
    [
        "Without data it prints the errors that the shipped profiles state. docs/fidelity.md explains levels, figures and bars; which bars are reached changes no exit code.",
        "F5 calibrates the CPU engine, runs a model live under each scheduler, simulates the same arrivals and compares; a busy machine shows in its figures.",
        "Files are found by their layout, wherever they lie below the folder; a device or model that is not known costs a warning.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        string? folder = parsed.GetValue(_out);
        if (folder is not null && File.Exists(folder)) throw new InputException($"--out {folder}: this is a file; name a folder");
        FidelitySettings settings = new()
        {
            Levels = LevelsOf(parsed.GetValue(_level)),
            Modes = parsed.GetValue(_mode) is { } mode ? [Choice<FidelityMode>("--mode", mode)] : [FidelityMode.Interpolate, FidelityMode.Transfer],
            LeaveOut = parsed.GetValue(_leave) switch
            {
                null => LeaveOut.All,
                "model" => LeaveOut.Model,
                "device" => LeaveOut.Device,
                var other => throw new InputException($"--leave-out {other}: it is model or device"),
            },
        };
        if (settings.LeaveOut != LeaveOut.All && !settings.Levels.Contains(OperatorLevel.Name))
            throw new InputException($"--leave-out: it chooses among the figures of {OperatorLevel.Name}, and --level asks for none of them");
        bool isLive = settings.Levels.Contains(LiveLevel.Name);
        if (!isLive && _live.IsAsked(parsed)) throw new InputException($"--{_live.First(parsed)}: it is about a live run; write --level {LiveLevel.Name} too");
        string? data = parsed.GetValue(_data) ?? Environment.GetEnvironmentVariable(DataVariable);
        if (data is { Length: 0 }) data = null;
        if (data is not null && File.Exists(data)) throw new InputException($"--data {data}: this is a file; name the folder that holds it");
        if (data is not null && !Directory.Exists(data)) throw new InputException($"--data {data}: this folder does not exist");
        JsonOutput.Prepare(json, terminal);
        FidelityReport report;
        if (isLive)
        {
            if (settings.Levels.Count > 1) throw new InputException($"--level {LiveLevel.Name}: it measures this machine and nothing else may run meanwhile; ask for the other levels apart");
            report = _live.Run(parsed, terminal);
            data = "";
        }
        else if (data is null)
        {
            report = FidelityRun.Stated();
        }
        else
        {
            terminal.WatchInterrupt("what was judged so far is printed");
            using var progress = new ProgressLine(terminal);
            report = FidelityRun.Of(data, settings with { Cancel = terminal.Interrupted, Progress = progress.Say });
        }
        FidelityText.Write(report, terminal);
        FidelityText.Total(report, terminal.Output);
        if (data is null)
            terminal.Output.WriteLine($"these errors are those that the shipped profiles state; with --data DIR or {DataVariable} the measurements in it are predicted anew, up to whole deployments");
        if (json is not null) JsonOutput.Write(writer => FidelityJson.Write(report, writer), json, terminal);
        if (folder is not null) WriteFolder(report, folder, terminal);
        return report.IsPartial ? ExitCode.Interrupted : ExitCode.Done;
    }

    private static void WriteFolder(FidelityReport report, string folder, Terminal terminal)
    {
        string json = Path.Combine(folder, FidelityJson.FileName);
        OutputFile.WriteAllText(json, JsonText.Of(writer => FidelityJson.Write(report, writer)));
        string page = Path.Combine(folder, Report.FileName);
        FidelityPage.Write(report, page);
        terminal.Output.WriteLine($"figures: {json}");
        terminal.Output.WriteLine($"report: {page}");
    }

    private static IReadOnlyList<string> LevelsOf(string? text)
    {
        if (text is null) return FidelitySettings.AllLevels;
        string[] known = [.. FidelitySettings.AllLevels, LiveLevel.Name];
        string[] asked = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (string one in asked)
        {
            if (!known.Contains(one, StringComparer.OrdinalIgnoreCase))
                throw new InputException($"--level {one}: there is no such level{Names.Suggest(one, known)}");
        }
        if (asked.Length == 0) throw new InputException($"--level: name at least one of {string.Join(", ", known)}");
        return [.. known.Where(level => asked.Contains(level, StringComparer.OrdinalIgnoreCase))];
    }

    private static T Choice<T>(string option, string text)
        where T : struct, Enum
    {
        string[] known = [.. Enum.GetValues<T>().Select(ChoiceNames.Of)];
        int index = Array.IndexOf(known, text);
        return index >= 0 ? Enum.GetValues<T>()[index] : throw new InputException($"{option} {text}: it is {string.Join(" or ", known)}");
    }
}
