using System.Text.Json;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;

namespace Orrery.Lab.Studies;

/// <summary>Reads the JSON of results as far as comparing two of them needs, so that a newer or a live result can be compared too.</summary>
internal static class ResultFile
{
    /// <summary>Characters of a wrong schema that an error repeats.</summary>
    private const int LongestShown = 60;

    private static readonly string[] Parts = ["requests", "tokens", "metrics", "cost", ExperimentJson.Figures];

    /// <param name="path">A file, or a folder with a <c>result.json</c>.</param>
    /// <param name="name">The file that was read, for errors and heads.</param>
    /// <exception cref="InputException">Missing or no JSON object.</exception>
    public static JsonDocument Read(string path, out string name)
    {
        ArgumentNullException.ThrowIfNull(path);
        name = path;
        if (Directory.Exists(path))
        {
            name = Path.Combine(path, RunFolder.ResultFile);
            if (!File.Exists(name)) throw new InputException($"{path}: this folder has no {RunFolder.ResultFile}; name a folder that a run wrote with --out, or a file");
        }
        try
        {
            var document = JsonDocument.Parse(InputFile.ReadAllText(name));
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
        }
        catch (JsonException failure)
        {
            throw new InputException(
                $"{name}:{failure.LineNumber + 1}:{failure.BytePositionInLine + 1}: this is no JSON; name a result that --json or --out wrote", failure);
        }
        throw new InputException($"{name}: expected a JSON object with a schema, such as {RunResult.Schema}; name a result that --json or --out wrote");
    }

    /// <exception cref="InputException">Neither a run nor a study.</exception>
    public static bool IsStudy(JsonElement root, string name)
    {
        string schema = root.TryGetProperty("schema", out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        return schema switch
        {
            RunResult.Schema => false,
            StudyResult.Schema => true,
            "" => throw new InputException($"{name}: there is no schema; expected {RunResult.Schema} or {StudyResult.Schema}"),
            _ => throw new InputException(
                $"{name}: the schema '{(schema.Length > LongestShown ? schema[..LongestShown] + "…" : schema)}' cannot be compared; "
                + $"expected {RunResult.Schema} or {StudyResult.Schema}"),
        };
    }

    /// <summary>The runs of a study by what was varied, and by seed where a variant has several.</summary>
    /// <exception cref="InputException">Not the shape of a study.</exception>
    public static Dictionary<string, JsonElement> RunsOf(JsonElement study, string name)
    {
        var runs = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (!study.TryGetProperty("runs", out JsonElement list) || list.ValueKind != JsonValueKind.Array) throw Misshapen(name);
        foreach (JsonElement run in list.EnumerateArray())
        {
            if (run.ValueKind != JsonValueKind.Object
                || !run.TryGetProperty("vary", out JsonElement vary) || vary.ValueKind != JsonValueKind.Object
                || !run.TryGetProperty("result", out JsonElement result) || result.ValueKind != JsonValueKind.Object) throw Misshapen(name);
            string label = string.Join(" · ", vary.EnumerateObject().Select(entry => $"{entry.Name}={entry.Value}"));
            if (label.Length == 0) label = "scenario as it stands";
            string seed = result.TryGetProperty("seed", out JsonElement value) ? value.ToString() : "";
            if (!runs.TryAdd(label, result)) runs.TryAdd($"{label}, seed {seed}", result);
        }
        return runs;
    }

    /// <summary>Every number outside what the simulation itself took, by the path of its key; null for a distribution without samples.</summary>
    public static Dictionary<string, double?> Figures(JsonElement run)
    {
        var figures = new Dictionary<string, double?>(StringComparer.Ordinal);
        foreach (string part in Parts)
            if (run.TryGetProperty(part, out JsonElement element)) Gather(element, part == "metrics" ? "" : part, figures);
        return figures;
    }

    /// <summary>The unit of a known metric; the keys of others, which newer or live results may have, carry their units.</summary>
    public static MeasureUnit UnitOf(string path)
    {
        string[] keys = path.Split('.');
        if (keys[0] == ExperimentJson.Figures) return MeasureUnit.Number;
        bool isCount = keys[^1] == "count";
        Metric? known = RunMetricTable.FindKey(path) ?? RunMetricTable.FindKey("metrics." + path) ?? RunMetricTable.FindKey("metrics." + keys[0]);
        if (known is not null && !isCount) return known.Unit;
        string key = keys.FirstOrDefault(candidate => candidate is not ("requests" or "tokens" or "cost")) ?? path;
        if (isCount) return MeasureUnit.Count;
        if (key.EndsWith("PerSecond", StringComparison.Ordinal)) return MeasureUnit.PerSecond;
        if (key.EndsWith("Seconds", StringComparison.Ordinal)) return MeasureUnit.Seconds;
        if (key.EndsWith("Joules", StringComparison.Ordinal)) return MeasureUnit.Joules;
        if (key.EndsWith("Grams", StringComparison.Ordinal)) return MeasureUnit.Grams;
        if (key.EndsWith("Litres", StringComparison.Ordinal)) return MeasureUnit.Litres;
        if (key == "money") return MeasureUnit.Dollars;
        bool isShare = key.EndsWith("Utilization", StringComparison.Ordinal) || key.EndsWith("Fraction", StringComparison.Ordinal)
            || key is "sloAttainment" or "qoe";
        return isShare ? MeasureUnit.Share : MeasureUnit.Count;
    }

    private static void Gather(JsonElement element, string path, Dictionary<string, double?> figures)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty entry in element.EnumerateObject())
                    Gather(entry.Value, path.Length == 0 ? entry.Name : $"{path}.{entry.Name}", figures);
                break;
            case JsonValueKind.Number:
                figures[path] = element.GetDouble();
                break;
            case JsonValueKind.Null:
                figures[path] = null;
                break;
        }
    }

    private static InputException Misshapen(string name) =>
        new($"{name}: this study has no list of runs with 'vary' and 'result' each; name a file that compare --json wrote");
}
