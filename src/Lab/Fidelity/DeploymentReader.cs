using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.Lab.Fidelity;

/// <summary>
/// Reads measured latencies of deployments from CSV whose header has <c>silicon_ttft_ms</c> and <c>silicon_tpot_ms</c>: one row per deployment,
/// mode <c>agg</c> (one engine) or <c>disagg</c> (a prefill and a decode pool, columns prefixed). Rows that repeat another in all but the
/// version's and the model's name are dropped: sources list one measurement under several names.
/// </summary>
public sealed class DeploymentReader
{
    private const string TtftColumn = "silicon_ttft_ms";
    private const string TpotColumn = "silicon_tpot_ms";

    private readonly string _path;
    private readonly Dictionary<string, int> _columns;
    private int _line = 1;
    private string[] _fields = [];

    private DeploymentReader(string path, Dictionary<string, int> columns)
    {
        _path = path;
        _columns = columns;
    }

    /// <summary>Whether a header line is one that this reader takes.</summary>
    public static bool Recognises(string header)
    {
        ArgumentNullException.ThrowIfNull(header);
        string[] columns = header.Split(',');
        return columns.Contains(TtftColumn) && columns.Contains(TpotColumn);
    }

    /// <param name="path">A CSV file, gzip included.</param>
    /// <returns>The rows in file order, without repetitions, and how many repetitions were dropped.</returns>
    /// <exception cref="InputException">Not such a file, or a row that cannot be read; the sentence names the line.</exception>
    public static (IReadOnlyList<DeploymentMeasurement> Rows, int Repeated) Read(string path)
    {
        using StreamReader text = InputFile.OpenText(path);
        string header = text.ReadLine() ?? throw new InputException($"{path}: the file is empty; a header line with column names is needed");
        if (!Recognises(header))
            throw new InputException($"{path}:1: the columns '{TtftColumn}' and '{TpotColumn}' are missing; measured deployments state both");
        Dictionary<string, int> columns = new(StringComparer.Ordinal);
        string[] names = header.Split(',');
        for (int i = 0; i < names.Length; i++) columns[names[i].Trim()] = i;
        DeploymentReader reader = new(path, columns);
        List<DeploymentMeasurement> rows = [];
        Dictionary<DeploymentMeasurement, int> seen = [];
        int repeated = 0;
        while (text.ReadLine() is { } line)
        {
            reader._line++;
            if (line.Length == 0) continue;
            DeploymentMeasurement row = reader.Row(line, names.Length);
            DeploymentMeasurement bare = row with { Where = "", BackendVersion = "", Model = "" };
            if (seen.TryAdd(bare, rows.Count))
            {
                rows.Add(row);
                continue;
            }
            repeated++;
            DeploymentMeasurement first = rows[seen[bare]];
            if (first.Model != row.Model) rows[seen[bare]] = first with { OtherNames = [.. first.OtherNames.Append(row.Model).Distinct()] };
        }
        return (rows, repeated);
    }

    private DeploymentMeasurement Row(string line, int columns)
    {
        _fields = line.Split(',');
        if (_fields.Length != columns) throw Error($"the row has {_fields.Length} fields where the header names {columns}");
        string mode = Text("mode");
        if (mode is not ("agg" or "disagg")) throw Error($"mode '{mode}' is not known; it is agg or disagg");
        bool split = mode == "disagg";
        return new(
            $"{_path}:{_line}",
            Text("backend"),
            Text("backend_version"),
            Text("model_path"),
            Text("system"),
            Text("gemm_quant_mode"),
            Text("moe_quant_mode"),
            Count("isl"),
            Count("osl"),
            split ? null : Pool(""),
            split ? Pool("prefill_") : null,
            split ? Pool("decode_") : null,
            Milliseconds(TtftColumn),
            Milliseconds(TpotColumn));
    }

    private DeploymentPool Pool(string prefix) => new(
        prefix.Length == 0 ? 1 : Optional($"{prefix}num_workers") ?? 1,
        Count($"{prefix}tp_size"),
        Optional($"{prefix}pp_size") ?? 1,
        Optional($"{prefix}attention_dp_size") ?? 1,
        Optional($"{prefix}moe_tp_size") ?? 1,
        Optional($"{prefix}moe_ep_size") ?? 1,
        Optional($"{prefix}batch_size"));

    private string Text(string column) => _fields[Column(column)].Trim();

    private int Column(string column) =>
        _columns.TryGetValue(column, out int index) ? index : throw new InputException($"{_path}:1: column '{column}' is missing{Names.Suggest(column, _columns.Keys)}");

    private int Count(string column) => Optional(column) ?? throw Error($"column '{column}' is empty; a whole number is needed");

    private int? Optional(string column)
    {
        const int largest = 1 << 24;
        string text = Text(column);
        if (text.Length == 0) return null;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || value != Math.Floor(value) || value is not (>= 1 and <= largest))
            throw Error($"column '{column}': '{text}' is not a whole number of at least 1");
        return (int)value;
    }

    private double Milliseconds(string column)
    {
        string text = Text(column);
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || value is not (> 0 and < double.PositiveInfinity))
            throw Error($"column '{column}': '{text}' is not a positive time in milliseconds");
        return value / 1e3;
    }

    private InputException Error(string sentence) => new($"{_path}:{_line}: {sentence}");
}
