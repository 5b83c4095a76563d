using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Traffic.Generators.Arrivals;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Readers;

namespace Orrery.Traffic.Generators.Sources;

/// <summary>
/// ServeGen statistics (Alibaba Cloud Model Studio): per client and 600-second window the rate, gap family and CV; per client and some
/// windows the quantiles of prompt and output.
/// A window uses the latest lengths at or before it. A client without lengths (some are missing in the release) borrows those of the
/// client nearest in mean rate.
/// Beyond p1 and p99 the curves are flat, so extreme lengths are missing.
/// </summary>
public sealed class ServeGenStatistics
{
    /// <summary>Length of a rate window (the release's documentation).</summary>
    public const double WindowSeconds = 600;

    /// <summary>Index of the last window accepted: 20 years.</summary>
    private const int LargestWindow = 1_000_000;

    private static readonly string[] QuantileColumns = ["p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99"];

    internal static readonly double[] Levels = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

    private ServeGenStatistics(IReadOnlyList<ServeGenClient> clients, int windows)
    {
        Clients = clients;
        Windows = windows;
    }

    /// <summary>Every client, in order of its number.</summary>
    public IReadOnlyList<ServeGenClient> Clients { get; }

    /// <summary>Windows of the longest client; all repeat after them.</summary>
    public int Windows { get; }

    /// <summary>Loads <c>&lt;service&gt;-rates.csv[.gz]</c> and the lengths beside it.</summary>
    /// <param name="path">The rates file, or a folder with exactly one.</param>
    /// <exception cref="InputException">Missing or malformed files.</exception>
    public static ServeGenStatistics Load(string path)
    {
        string rates = RatesFile(path);
        string lengths = rates.Replace("-rates.csv", "-lengths.csv", StringComparison.Ordinal);
        if (lengths == rates)
            throw new InputException($"{rates}: the name must end in -rates.csv or -rates.csv.gz, with -lengths.csv beside it");
        if (!File.Exists(lengths))
            throw new InputException($"{lengths}: the file does not exist; the rates need their lengths beside them");
        return Load(TraceSource.OpenFile(rates), rates, TraceSource.OpenFile(lengths), lengths);
    }

    internal static ServeGenStatistics Load(Stream rates, string ratesOrigin, Stream lengths, string lengthsOrigin)
    {
        var clients = new SortedDictionary<int, ServeGenClient>();
        int windows = ReadRates(rates, ratesOrigin, clients);
        if (windows == 0) throw new InputException($"{ratesOrigin}: no window has a rate");
        ReadLengths(lengths, lengthsOrigin, clients);
        ServeGenClient[] known = [.. clients.Values.Where(c => c.HasRates)];
        foreach (ServeGenClient client in known) client.Close(windows);
        ServeGenClient[] measured = [.. known.Where(c => c.HasLengths)];
        if (measured.Length == 0) throw new InputException($"{lengthsOrigin}: no client of the rates file has lengths");
        foreach (ServeGenClient client in known)
        {
            if (!client.HasLengths) client.Borrow(measured.MinBy(m => Math.Abs(Math.Log(m.MeanRatePerSecond / client.MeanRatePerSecond)))!);
        }
        return new ServeGenStatistics(known, windows);
    }

    private static string RatesFile(string path)
    {
        if (!Directory.Exists(path)) return path;
        string[] found = [.. Directory.EnumerateFiles(path).Where(f => f.Contains("-rates.csv", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        return found.Length switch
        {
            1 => found[0],
            0 => throw new InputException($"{path}: holds no <service>-rates.csv"),
            _ => throw new InputException($"{path}: holds several services; name one of {string.Join(", ", found.Select(Path.GetFileName))}"),
        };
    }

    private static int ReadRates(Stream stream, string origin, SortedDictionary<int, ServeGenClient> clients)
    {
        using var csv = new CsvReader(new LineReader(stream, origin));
        int client = csv.Require("client");
        int start = csv.Require("window_start_s");
        int rate = csv.Require("rate_per_s");
        int cv = csv.Require("cv");
        int family = csv.Require("interarrival_family");
        int windows = 0;
        while (csv.TryRead(out CsvRow row))
        {
            double perSecond = row.Number(rate, 0, 1e6);
            int window = (int)(row.Number(start, 0, LargestWindow * WindowSeconds) / WindowSeconds);
            GapFamily gaps = row.Text(family) switch
            {
                "Gamma" => GapFamily.Gamma,
                "Weibull" => GapFamily.Weibull,
                "Exponential" or "" => GapFamily.Exponential,
                string other => throw row.Error(family, $"'{other}' is not Gamma, Weibull or Exponential"),
            };
            double variation = row.IsEmpty(cv) ? 1 : row.Number(cv, 0, double.MaxValue);
            Get(clients, row.Int(client, 0, int.MaxValue)).Add(window, new ClientWindow(perSecond, gaps, Math.Min(variation, UnitGaps.LargestCv)));
            if (perSecond > 0) windows = Math.Max(windows, window + 1);
        }
        return windows;
    }

    private static void ReadLengths(Stream stream, string origin, SortedDictionary<int, ServeGenClient> clients)
    {
        using var csv = new CsvReader(new LineReader(stream, origin));
        int client = csv.Require("client");
        int window = csv.Require("window");
        int field = csv.Require("field");
        int[] quantiles = [.. QuantileColumns.Select(csv.Require)];
        var values = new double[quantiles.Length];
        while (csv.TryRead(out CsvRow row))
        {
            bool prompt = row[field].SequenceEqual("input_tokens"u8) || row[field].SequenceEqual("text_tokens"u8);
            if (!prompt && !row[field].SequenceEqual("output_tokens"u8)) continue;
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = Math.Max(1, row.Number(quantiles[i], 0, Readers.Formats.Limits.MaxTokens));
                if (i > 0 && values[i] < values[i - 1]) throw row.Error(quantiles[i], "a higher quantile must not be lower");
            }
            Get(clients, row.Int(client, 0, int.MaxValue)).AddLengths((int)(row.Number(window, 0, LargestWindow * WindowSeconds) / WindowSeconds), prompt, new QuantileCurve(Levels, values));
        }
    }

    private static ServeGenClient Get(SortedDictionary<int, ServeGenClient> clients, int number)
    {
        if (!clients.TryGetValue(number, out ServeGenClient? client)) clients.Add(number, client = new ServeGenClient(number));
        return client;
    }
}

/// <summary>One client of the statistics.</summary>
public sealed class ServeGenClient(int number) : IClientModel
{
    private readonly SortedDictionary<int, ClientWindow> _windows = [];
    private readonly SortedDictionary<int, (QuantileCurve? Prompt, QuantileCurve? Output)> _lengths = [];
    private int[] _lengthStarts = [];
    private ILengthModel[] _models = [];
    private int _period = 1;

    public string Name => $"client-{number}";

    public double MeanRatePerSecond { get; private set; }

    /// <summary>Windows in which the client sends, by index.</summary>
    public IReadOnlyDictionary<int, ClientWindow> Windows => _windows;

    /// <summary>Length models in order of time.</summary>
    public IReadOnlyList<ILengthModel> LengthModels => _models;

    internal bool HasRates => _windows.Count > 0;

    internal bool HasLengths => _models.Length > 0;

    public ClientWindow Window(long index, RandomStream client) => _windows.GetValueOrDefault((int)(index % _period));

    public ILengthModel LengthsAt(double seconds)
    {
        int window = (int)((long)(seconds / ServeGenStatistics.WindowSeconds) % _period);
        int at = Array.BinarySearch(_lengthStarts, window);
        return _models[Math.Max(0, at >= 0 ? at : ~at - 1)];
    }

    internal void Add(int window, ClientWindow rate)
    {
        if (rate.RatePerSecond > 0) _windows[window] = rate;
    }

    internal void AddLengths(int window, bool prompt, QuantileCurve curve)
    {
        (QuantileCurve? Prompt, QuantileCurve? Output) pair = _lengths.GetValueOrDefault(window);
        _lengths[window] = prompt ? (curve, pair.Output) : (pair.Prompt, curve);
    }

    internal void Close(int period)
    {
        _period = period;
        MeanRatePerSecond = _windows.Values.Sum(w => w.RatePerSecond) / period;
        KeyValuePair<int, (QuantileCurve? Prompt, QuantileCurve? Output)>[] whole = [.. _lengths.Where(l => l.Value is { Prompt: not null, Output: not null })];
        _lengthStarts = [.. whole.Select(l => l.Key)];
        _models = [.. whole.Select(l => new IndependentLengths(l.Value.Prompt!, l.Value.Output!))];
    }

    internal void Borrow(ServeGenClient other)
    {
        _lengthStarts = other._lengthStarts;
        _models = other._models;
    }
}
