using System.CommandLine;
using System.Globalization;
using System.IO.Compression;
using Orrery.Cli.Shell;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Traffic.Fitting;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Cli.Verbs;

/// <summary>The verbs under <c>traffic</c>.</summary>
internal static class TrafficVerbs
{
    public static VerbGroup Group() =>
        new("traffic", "What arrives: statistics of traces and generators, and traces made from generators.",
            "traffic describe azure-conv-2023", "traffic make poisson --set rate=20/s --set requests=1000 --set prompt=512 --set output=128 --out trace.csv")
        {
            new TrafficDescribeVerb(),
            new TrafficMakeVerb(),
            new TrafficFitVerb(),
        };
}

/// <summary><c>traffic make</c>: a generator as a trace file.</summary>
internal sealed class TrafficMakeVerb : Verb
{
    private readonly TrafficBlock _traffic = new();
    private readonly Option<string> _out = new("--out", "-o") { HelpName = "FILE", Description = "Trace to write (Orrery CSV; compressed when the name ends in .gz), or '-' for standard output.", Required = true };

    public TrafficMakeVerb()
        : base("make", "Write the requests of a generator as a trace.",
            "traffic make azure-conv-2023 --seed 7 --out trace.csv",
            "traffic make gamma --set rate=5/s --set cv=3 --set requests=1000 --set prompt=512 --set output=128 --out -")
    {
        _traffic.AddTo(this);
        Add(_out);
    }

    public override IReadOnlyList<string> Notes { get; } =
    [
        "Generators that wait for answers (closed-loop, sessions) are played as if every answer took "
        + $"{TrafficBlock.AssumedLatency.Seconds.ToString(CultureInfo.InvariantCulture)} s.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string target = parsed.GetRequiredValue(_out);
        using ITrafficSource source = _traffic.Open(parsed);
        if (target == "-")
        {
            using var bytes = new MemoryStream();
            TraceWriter.Write(source, bytes, TrafficBlock.AssumedLatency);
            terminal.ClaimData().Write(System.Text.Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
            return ExitCode.Done;
        }
        string? folder = Path.GetDirectoryName(Path.GetFullPath(target));
        if (folder is not null && !Directory.Exists(folder)) throw new InputException($"--out {target}: the folder {folder} does not exist; make it first");
        long written;
        using (var file = new OutputFile(target))
        {
            if (target.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            {
                using var gzip = new GZipStream(file.Stream, CompressionLevel.Optimal, leaveOpen: true);
                written = TraceWriter.Write(source, gzip, TrafficBlock.AssumedLatency);
            }
            else
            {
                written = TraceWriter.Write(source, file.Stream, TrafficBlock.AssumedLatency);
            }
            file.Finish();
        }
        terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{written:N0} {(written == 1 ? "request" : "requests")} written to {target}"));
        return ExitCode.Done;
    }
}

/// <summary><c>traffic fit</c>: the catalogue file of a fitted generator, from the public data.</summary>
internal sealed class TrafficFitVerb : Verb
{
    private readonly Argument<string> _name = new("name") { Description = $"Which fit: {string.Join(", ", TrafficFit.Names)}." };
    private readonly Option<string> _data = new("--data") { HelpName = "DIR", Description = "Folder that holds the public traces' folders (also: the variable ORRERY_DATA)." };
    private readonly Option<string> _out = new("--out", "-o") { HelpName = "FILE", Description = "Catalogue file to write; default: standard output." };

    public TrafficFitVerb()
        : base("fit", "Fit a generator to its public trace; only parameters and errors are kept.", "traffic fit azure-conv-2023 --data ../data")
    {
        Add(_name);
        Add(_data);
        Add(_out);
    }

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string folder = parsed.GetValue(_data) ?? Environment.GetEnvironmentVariable("ORRERY_DATA")
            ?? throw new InputException("traffic fit needs --data DIR, the folder that holds the public traces' folders");
        if (!Directory.Exists(folder)) throw new InputException($"--data {folder}: this folder does not exist");
        string yaml = TrafficFit.Fit(parsed.GetRequiredValue(_name), folder);
        if (parsed.GetValue(_out) is { } target) OutputFile.WriteAllText(target, yaml);
        else terminal.ClaimData().Write(yaml);
        return ExitCode.Done;
    }
}
