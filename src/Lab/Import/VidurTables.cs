using Orrery.Traffic.Readers;

namespace Orrery.Lab.Import;

/// <summary>
/// Operators of one layer as Vidur and its descendant Frontier publish them (<c>mlp</c>, <c>linear_op</c>): <c>device/model/table</c>, medians in
/// milliseconds by tokens and tensor-parallel degree, the whole model's sizes in columns, times of one device.
/// </summary>
internal static class VidurTables
{
    public static readonly TableFormat[] Formats = [new("Vidur and Frontier (mlp, linear_op)", ["time_stats.attn_pre_proj.median", "num_tokens"], Read)];

    private static readonly (string Column, LayerOperator What)[] Operators =
    [
        ("emb", LayerOperator.Embedding), ("input_layernorm", LayerOperator.Norm), ("post_attention_layernorm", LayerOperator.Norm),
        ("attn_pre_proj", LayerOperator.Qkv), ("attn_rope", LayerOperator.Position), ("attn_post_proj", LayerOperator.Output),
        ("mlp_up_proj", LayerOperator.Up), ("mlp_act", LayerOperator.Activation), ("mlp_down_proj", LayerOperator.Down), ("add", LayerOperator.Add),
        ("lm_head_linear", LayerOperator.Head),
    ];

    private static void Read(TableFile file, CsvReader csv, ImportSession session)
    {
        (int tokens, int tensor) = (csv.Require("num_tokens"), csv.Require("num_tensor_parallel_workers"));
        (int heads, int kvHeads, int hidden) = (csv.Require("n_head"), csv.Require("n_kv_head"), csv.Require("n_embd"));
        (int width, int vocabulary, int gated) = (csv.Require("n_expanded_embd"), csv.Require("vocab_size"), csv.Require("use_gated_mlp"));
        (int paddedHidden, int paddedWidth, int gate) = (csv.Find("padded_n_embd"), csv.Find("padded_n_expanded_embd"), csv.Find("attn_output_gate"));
        (int Column, LayerOperator What)[] times =
            [.. Operators.Select(o => (csv.Find($"time_stats.{o.Column}.median"), o.What)).Where(o => o.Item1 >= 0)];
        SetBuilder set = session.Set(file, file.Folder(2), "", file.Folder(1));
        LayerShape? shape = null;
        HashSet<LayerShape> compared = [];
        while (csv.TryRead(out CsvRow row))
        {
            LayerShape sizes = new(
                row.Size(row.IsEmpty(paddedHidden) ? hidden : paddedHidden), row.Size(heads), row.Size(kvHeads), shape?.HeadWidth ?? 0,
                row.Size(row.IsEmpty(paddedWidth) ? width : paddedWidth), row.Flag(gated), row.Size(vocabulary), row.Size(tensor));
            // Rows of one size follow each other, and the catalogue need not be asked for each.
            if (sizes != shape)
            {
                shape = sizes with { HeadWidth = LayerShape.FindHeadWidth(row.Size(hidden), sizes.Heads, sizes.KvHeads) };
                if (compared.Add(shape)) Compare(file, set, shape);
            }
            bool doubledQuery = !row.IsEmpty(gate) && row.Flag(gate);
            foreach ((int column, LayerOperator what) in times)
            {
                if (row.IsEmpty(column)) continue;
                if (what == LayerOperator.Qkv && doubledQuery) set.Tally(file, "projections with an output gate have a shape of their own; they are left out");
                else shape.Add(set, what, row.Size(tokens), row.Seconds(column, RowFields.Milliseconds));
            }
        }
    }

    /// <summary>Tables are copied between models; the catalogue's model of the same name tells.</summary>
    private static void Compare(TableFile file, SetBuilder set, LayerShape shape)
    {
        if (CatalogNames.Model(file.Folder(1)) is not { } model || shape.Tensor != 1) return;
        Differ("n_embd", shape.Hidden, model.Hidden);
        Differ("n_head", shape.Heads, model.Heads);
        Differ("n_kv_head", shape.KvHeads, model.KvHeads);
        Differ("n_expanded_embd", shape.FfnWidth, LayerShape.InnerWidth(model));
        if (shape.Gated != model.Gated) set.Tally(file, $"use_gated_mlp is {shape.Gated} where the catalogue's {model.Name} has {model.Gated}; the table's is taken");

        void Differ(string column, long stated, long ours)
        {
            if (stated != ours) set.Tally(file, $"{column} is {stated} where the catalogue's {model.Name} has {ours}; the table's is taken");
        }
    }
}
