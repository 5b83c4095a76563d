using Orrery.Traffic.Readers;
using Orrery.World.Hardware;

namespace Orrery.Lab.Import;

/// <summary>
/// LLMServingSim's tables before its <c>perf</c> layout: <c>device/publisher/model/tpK/layers</c> with unfused layers of a plain
/// implementation in nanoseconds, and <c>attention</c> in nanoseconds where the device is no GPU (for GPUs it has Vidur's columns). The
/// <c>attn</c> layer is passed over: the attention table holds it with histories and batches.
/// </summary>
internal static class EarlyLayerTables
{
    public static readonly TableFormat[] Formats =
    [
        new("LLMServingSim (dense, per_sequence, attention, skew, moe; layers)", ["layer_name", "latency(ns)"], ReadLayers),
        new("LLMServingSim (dense, per_sequence, attention, skew, moe; layers)", ["prefill_chunk_size", "p50_ns"], ReadAttention),
    ];

    private static readonly Dictionary<string, LayerOperator> Operators = new(StringComparer.Ordinal)
    {
        ["embedding"] = LayerOperator.Embedding,
        ["input_layernorm"] = LayerOperator.Norm,
        ["post_layernorm"] = LayerOperator.Norm,
        ["final_layernorm"] = LayerOperator.Norm,
        ["q_proj"] = LayerOperator.Query,
        ["k_proj"] = LayerOperator.KeyOrValue,
        ["v_proj"] = LayerOperator.KeyOrValue,
        ["o_proj"] = LayerOperator.Output,
        ["rope"] = LayerOperator.Position,
        ["gate_proj"] = LayerOperator.HalfUp,
        ["up_proj"] = LayerOperator.HalfUp,
        ["expert.w1"] = LayerOperator.HalfUp,
        ["expert.w3"] = LayerOperator.HalfUp,
        ["act_fn"] = LayerOperator.Activation,
        ["down_proj"] = LayerOperator.Down,
        ["expert.w2"] = LayerOperator.Down,
        ["lm_head"] = LayerOperator.Head,
    };

    private static void ReadLayers(TableFile file, CsvReader csv, ImportSession session)
    {
        (int layer, int input, int time) = (csv.Require("layer_name"), csv.Require("input"), csv.Require("latency(ns)"));
        LayerPlace place = LayerPlace.Of(file);
        SetBuilder set = place.Set(file, session);
        if (place.Shape(file, set) is not { } shape) return;
        TextColumn layers = new();
        while (csv.TryRead(out CsvRow row))
        {
            string name = layers.Read(row, layer);
            (int rows, double seconds) = (row.Size(input), row.Seconds(time, RowFields.Nanoseconds));
            if (Operators.TryGetValue(name, out LayerOperator what)) shape.Add(set, what, rows, seconds);
            else if (name == "gate" && place.Model?.Experts is { } experts) set.Matrices.Add(new(Precision.Bf16, rows, experts.Count, shape.Hidden, seconds, "router"));
            else if (name != "attn") set.Tally(file, $"the layer '{name}' is unknown; its rows are left out");
        }
    }

    private static void ReadAttention(TableFile file, CsvReader csv, ImportSession session)
    {
        (int chunk, int cached, int batch) = (csv.Require("prefill_chunk_size"), csv.Require("kv_cache_size"), csv.Require("batch_size"));
        (int isPrefill, int time) = (csv.Require("is_prefill"), csv.Require("p50_ns"));
        LayerPlace place = LayerPlace.Of(file);
        SetBuilder set = place.Set(file, session);
        if (place.Shape(file, set) is not { } shape) return;
        while (csv.TryRead(out CsvRow row))
        {
            (int count, int context) = (row.Size(batch), row.Size(cached, 0));
            double seconds = row.Seconds(time, RowFields.Nanoseconds);
            set.Attention.Add(row.Flag(isPrefill)
                ? new("", count, row.Size(chunk), context, 0, 0, 0, 0, shape.HeadsHere, shape.KvHeadsHere, shape.HeadWidth, seconds)
                : new("", 0, 0, 0, count, Math.Max(1, context), 0, 0, shape.HeadsHere, shape.KvHeadsHere, shape.HeadWidth, seconds));
        }
    }
}
