using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Kernel;
using Orrery.Kernel.Statistics;
using Orrery.Traffic.Description;
using Orrery.Traffic.Requests;

namespace Orrery.Cli.Verbs;

/// <summary><c>traffic describe</c>: rate over time, lengths, bursts, clients and shared prefixes of a trace or generator.</summary>
internal sealed class TrafficDescribeVerb : Verb
{
    private const int TopClients = 10;
    private static readonly double[] TableQuantiles = [0.1, 0.5, 0.9, 0.99];
    private static readonly double[] JsonQuantiles = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
    private readonly TrafficBlock _traffic = new();
    private readonly Option<string> _json = CommonOptions.Json();

    public TrafficDescribeVerb()
        : base("describe", "Statistics and a plot of a trace, a scenario's traffic or a generator.",
            "traffic describe trace.csv", "traffic describe azure-code-2023", "traffic describe poisson --set rate=2/s --set duration=10min --set prompt=512 --set output=128")
    {
        _traffic.AddTo(this);
        Add(_json);
    }

    public override IReadOnlyList<string> Notes { get; } =
    [
        "Burstiness is told by the coefficient of variation of the gaps between arrivals and by the index of dispersion (variance over mean of the "
        + "arrivals per window): both are 1 for a Poisson process and larger for bursts.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        JsonOutput.Prepare(json, terminal);
        using ITrafficSource source = _traffic.Open(parsed);
        TrafficDescription traffic = TrafficDescription.Of(source, TrafficBlock.AssumedLatency);
        if (traffic.Count == 0) throw new InputException($"{_traffic.NameOf(parsed)} holds no request, so there is nothing to describe; name another trace or widen its limits");
        if (json is not null) JsonOutput.Write(writer => WriteJson(traffic, _traffic.NameOf(parsed), writer), json, terminal);
        WriteText(traffic, _traffic.NameOf(parsed), terminal.Output);
        return ExitCode.Done;
    }

    private static void WriteText(TrafficDescription traffic, string name, TextWriter output)
    {
        if (output == TextWriter.Null) return;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {traffic.Count:N0} {(traffic.Count == 1 ? "request" : "requests")} over {TextTable.Figure(traffic.Span.Seconds, 4)} s, {TextTable.Figure(traffic.RatePerSecond)} requests/s"));
        output.WriteLine();
        output.WriteLine("arrivals/s over time");
        const int plotWidth = 80;
        foreach (string line in TextPlot.Braille(traffic.Rates.RatesPerSecond(), plotWidth, label: value => TextTable.Figure(value))) output.WriteLine(line);
        output.WriteLine();
        output.WriteLine($"gap variation (CV)   {TextTable.Figure(traffic.GapCv)}");
        foreach (DispersionWindow window in traffic.Dispersion)
            output.WriteLine($"dispersion, {TextTable.Figure(window.Seconds),3} s    {TextTable.Figure(window.Index)}");
        output.WriteLine();
        var table = new TextTable(new("tokens", IsNumber: false), new("mean"), new("min"), new("p10"), new("p50"), new("p90"), new("p99"), new("max"));
        AddLengths(table, "prompt", traffic.PromptTokens);
        AddLengths(table, "output", traffic.OutputTokens);
        table.Write(output);
        output.WriteLine();
        WriteBars(output, "prompt tokens", traffic.PromptTokens);
        WriteBars(output, "output tokens", traffic.OutputTokens);
        output.WriteLine($"length correlation   {TextTable.Figure(traffic.LengthCorrelation)} (of the logarithms)");
        output.WriteLine($"prefix sharing       {Percent(traffic.Prefixes.HitFraction)} of the prompt tokens were seen before in the same place");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"clients              {traffic.Clients.Count:N0}; the {TopClients} most active send {Percent(traffic.TopClientShare(TopClients))}"));
    }

    private static void AddLengths(TextTable table, string name, QuantileSketch lengths)
    {
        string[] quantiles = [.. TableQuantiles.Select(q => Whole(lengths.Quantile(q)))];
        table.Add([name, TextTable.Figure(lengths.Mean, 4), Whole(lengths.Min), .. quantiles, Whole(lengths.Max)]);
    }

    private static void WriteBars(TextWriter output, string title, QuantileSketch lengths)
    {
        output.WriteLine(title);
        foreach (string line in TextPlot.Bars(TextPlot.DoublingClasses(lengths))) output.WriteLine("  " + line);
        output.WriteLine();
    }

    private static void WriteJson(TrafficDescription traffic, string name, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "orrery.traffic/1");
        writer.WriteString("traffic", name);
        writer.WriteNumber("requests", traffic.Count);
        writer.WriteNumber("spanSeconds", traffic.Span.Seconds);
        writer.WriteNumber("requestsPerSecond", traffic.RatePerSecond);
        Number(writer, "gapCv", traffic.GapCv);
        writer.WriteStartObject("dispersion");
        foreach (DispersionWindow window in traffic.Dispersion) Number(writer, TextTable.Figure(window.Seconds) + "s", window.Index);
        writer.WriteEndObject();
        Lengths(writer, "promptTokens", traffic.PromptTokens);
        Lengths(writer, "outputTokens", traffic.OutputTokens);
        Number(writer, "lengthCorrelation", traffic.LengthCorrelation);
        writer.WriteNumber("prefixHitFraction", traffic.Prefixes.HitFraction);
        writer.WriteNumber("clients", traffic.Clients.Count);
        writer.WriteNumber("topTenClientShare", traffic.TopClientShare(TopClients));
        writer.WriteNumber("rateBinSeconds", traffic.Rates.WidthSeconds);
        writer.WriteStartArray("ratesPerSecond");
        foreach (double rate in traffic.Rates.RatesPerSecond()) writer.WriteNumberValue(rate);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Lengths(Utf8JsonWriter writer, string key, QuantileSketch lengths)
    {
        writer.WriteStartObject(key);
        writer.WriteNumber("mean", lengths.Mean);
        writer.WriteNumber("min", lengths.Min);
        foreach (double quantile in JsonQuantiles)
            writer.WriteNumber(string.Create(CultureInfo.InvariantCulture, $"p{quantile * 100:0}"), lengths.Quantile(quantile));
        writer.WriteNumber("max", lengths.Max);
        writer.WriteEndObject();
    }

    /// <summary>JSON has no NaN: what cannot be told is null.</summary>
    private static void Number(Utf8JsonWriter writer, string key, double value)
    {
        if (double.IsFinite(value)) writer.WriteNumber(key, value);
        else writer.WriteNull(key);
    }

    private static string Whole(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (share * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
