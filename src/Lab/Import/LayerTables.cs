using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Traffic.Readers;
using Orrery.World.Hardware;
using Orrery.World.Models;

namespace Orrery.Lab.Import;

/// <summary>
/// LLMServingSim's <c>perf</c> tables: <c>device/publisher/model/format/tpK</c> with one layer timed inside vLLM, microseconds, and
/// <c>meta.yaml</c> beside the degrees. Shapes are cut by K; vocabulary and experts too.
/// </summary>
internal static class LayerTables
{
    private const string What = "LLMServingSim (dense, per_sequence, attention, skew, moe; layers)";

    public static readonly TableFormat[] Formats =
    [
        new(What, ["layer", "tokens", "time_us"], (file, csv, session) => ReadLayers(file, csv, session, "tokens")),
        new(What, ["layer", "sequences", "time_us"], (file, csv, session) => ReadLayers(file, csv, session, "sequences")),
        new(What, ["prefill_chunk", "n_decode", "time_us"], ReadAttention),
        new(What, ["t_skew_us", "n"], SkewTables.Read),
        new(What, ["activated_experts", "tokens"], ReadExperts),
    ];

    /// <summary>vLLM's module names. Norms inside a layer add the residual in the same kernel.</summary>
    private static readonly Dictionary<string, LayerOperator> Operators = new(StringComparer.Ordinal)
    {
        ["qkv_proj"] = LayerOperator.Qkv,
        ["o_proj"] = LayerOperator.Output,
        ["gate_up_proj"] = LayerOperator.Up,
        ["down_proj"] = LayerOperator.Down,
        ["lm_head"] = LayerOperator.Head,
        ["layernorm"] = LayerOperator.AddNorm,
        ["final_layernorm"] = LayerOperator.AddNorm,
        ["qk_norm"] = LayerOperator.QueryKeyNorm,
        ["rotary_emb"] = LayerOperator.Position,
        ["act_fn"] = LayerOperator.Activation,
        ["embedding"] = LayerOperator.Embedding,
        ["sampler"] = LayerOperator.Sampling,
    };

    private static void ReadLayers(TableFile file, CsvReader csv, ImportSession session, string rowsColumn)
    {
        (int layer, int rows, int time) = (csv.Require("layer"), csv.Require(rowsColumn), csv.Require("time_us"));
        LayerPlace place = LayerPlace.Of(file);
        SetBuilder set = place.Set(file, session);
        if (place.Shape(file, set) is not { } shape) return;
        TextColumn layers = new();
        while (csv.TryRead(out CsvRow row))
        {
            string name = layers.Read(row, layer);
            (int count, double seconds) = (row.Size(rows), row.Seconds(time, RowFields.Microseconds));
            if (Operators.TryGetValue(name, out LayerOperator what)) shape.Add(set, what, count, seconds);
            else set.Tally(file, $"the layer '{name}' is unknown; its rows are left out");
        }
    }

    private static void ReadAttention(TableFile file, CsvReader csv, ImportSession session)
    {
        (int chunk, int history, int decodes, int context, int time) = (
            csv.Require("prefill_chunk"), csv.Require("kv_prefill"), csv.Require("n_decode"), csv.Require("kv_decode"), csv.Require("time_us"));
        LayerPlace place = LayerPlace.Of(file);
        SetBuilder set = place.Set(file, session);
        if (place.Shape(file, set) is not { } shape) return;
        while (csv.TryRead(out CsvRow row))
        {
            (int tokens, int count) = (row.Size(chunk, 0), row.Size(decodes, 0));
            if (tokens == 0 && count == 0) throw row.Error(chunk, "a row needs a chunk or decodes; both are 0");
            set.Attention.Add(new(
                "", tokens > 0 ? 1 : 0, tokens, tokens > 0 ? row.Size(history, 0) : 0, count, count > 0 ? row.Size(context) : 0, 0, 0,
                shape.HeadsHere, shape.KvHeadsHere, shape.HeadWidth, row.Seconds(time, RowFields.Microseconds)));
        }
    }

    /// <summary>The routing is forced: so many experts are touched, and evenly.</summary>
    private static void ReadExperts(TableFile file, CsvReader csv, ImportSession session)
    {
        (int tokens, int touched, int time) = (csv.Require("tokens"), csv.Require("activated_experts"), csv.Require("time_us"));
        LayerPlace place = LayerPlace.Of(file);
        SetBuilder set = place.Set(file, session);
        if (place.Shape(file, set) is null) return;
        if (place.Model?.Experts is not { } experts)
        {
            set.Tally(file, $"the catalogue's {place.Model?.Name} has no experts; the table is left out");
            return;
        }
        while (csv.TryRead(out CsvRow row))
        {
            set.Experts.Add(new(
                place.Format, row.Size(tokens), place.Model.Hidden, experts.Width, experts.TopK, experts.Count, place.Tensor, 1, "balanced",
                row.Size(touched), row.Seconds(time, RowFields.Microseconds)));
        }
    }
}

/// <summary>What the folders of LLMServingSim and the <c>meta.yaml</c> in them say.</summary>
/// <param name="Device">As written.</param>
/// <param name="ModelId">Hugging Face id.</param>
/// <param name="Format">Of the weights.</param>
/// <param name="Tensor">Tensor-parallel degree.</param>
/// <param name="Software">Engine and version.</param>
internal sealed record LayerPlace(string Device, string ModelId, Precision Format, int Tensor, string Software)
{
    /// <summary>The catalogue's model, or null.</summary>
    public ModelSpec? Model { get; } = CatalogNames.Model(ModelId);

    /// <summary><c>…/device/publisher/model[/format]/tpK/table</c>; device, model and engine from <c>meta.yaml</c> beside <c>tpK</c> where there is one.</summary>
    public static LayerPlace Of(TableFile file)
    {
        int tensor = Degree(file)
            ?? throw new InputException($"{file.Path}: the table must lie in a folder tp1, tp2, … that tells the tensor-parallel degree, not in '{file.Folder(1)}'");
        Precision? format = NumberFormats.Compute(file.Folder(2));
        int model = format is null ? 2 : 3;
        // Some models are filed without their publisher.
        bool published = CatalogNames.Device(file.Folder(model + 2)) is not null || CatalogNames.Device(file.Folder(model + 1)) is null;
        LayerPlace place = published
            ? new(file.Folder(model + 2), $"{file.Folder(model + 1)}/{file.Folder(model)}", format ?? Precision.Bf16, tensor, "")
            : new(file.Folder(model + 1), file.Folder(model), format ?? Precision.Bf16, tensor, "");
        string meta = Path.Combine(Path.GetDirectoryName(file.Directory) ?? "", "meta.yaml");
        if (!File.Exists(meta)) return place;
        Node said = Document.Load(meta);
        return place with
        {
            Device = Text(said, "hardware") ?? place.Device,
            ModelId = Text(said, "model") ?? place.ModelId,
            Software = Text(said, "vllm_version") is { } version ? $"vllm-{version}" : "",
        };
    }

    /// <summary>The degree that the folder <c>tpK</c> of a table tells; null for other folders.</summary>
    public static int? Degree(TableFile file)
    {
        string folder = file.Folder(1);
        if (!folder.StartsWith("tp", StringComparison.Ordinal)) return null;
        return int.TryParse(folder.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out int degree) && degree > 0 ? degree : null;
    }

    public SetBuilder Set(TableFile file, ImportSession session) => session.Set(file, Device, Software, ModelId);

    /// <summary>Sizes of the layer; null, with a warning, where the catalogue lacks the model: the tables do not state them.</summary>
    public LayerShape? Shape(TableFile file, SetBuilder set)
    {
        if (Model is { } model) return LayerShape.Of(model, Tensor);
        set.Tally(file, $"the catalogue has no model '{ModelId}' and the table does not state its sizes; it is left out");
        return null;
    }

    private static string? Text(Node map, string key) => map[key] is { Kind: NodeKind.Scalar } node ? node.Text : null;
}
