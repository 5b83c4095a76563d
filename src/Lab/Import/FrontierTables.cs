using System.Globalization;
using Orrery.Traffic.Readers;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Models;

namespace Orrery.Lab.Import;

/// <summary>
/// Attention and experts as Vidur, Frontier and LLMServingSim's early tables publish them: <c>device/model/table</c>, medians in milliseconds.
/// A row times the kernel for prompts or the one for decodes; the other column holds what an idle kernel takes, so <c>is_prefill</c> decides.
/// True mixed batches run both kernels, timed one by one, and give a sample of each.
/// </summary>
internal static class FrontierTables
{
    public static readonly TableFormat[] Formats =
    [
        new("Frontier (attention, attention_combined, moe)", ["time_stats.attn_prefill.median", "time_stats.attn_decode.median"], ReadAttention),
        new("Frontier (attention, attention_combined, moe)", ["time_stats.moe_grouped_gemm.median"], ReadExperts),
    ];

    private static void ReadAttention(TableFile file, CsvReader csv, ImportSession session)
    {
        AttentionColumns c = new(csv);
        // Early tables lie one folder deeper: device/publisher/model/tp1.
        LayerPlace? early = LayerPlace.Degree(file) is null ? null : LayerPlace.Of(file);
        SetBuilder set = early is not null ? early.Set(file, session) : session.Set(file, file.Folder(2), "", file.Folder(1));
        ModelSpec? model = early is not null ? early.Model : CatalogNames.Model(file.Folder(1));
        TextColumn kernels = new();
        LayerShape? shape = null;
        while (csv.TryRead(out CsvRow row))
        {
            (int hidden, int heads, int kvHeads, int tensor) = (row.Size(c.Hidden), row.Size(c.Heads), row.Size(c.KvHeads), row.Size(c.Tensor));
            if (shape is null || shape.Hidden != hidden || shape.Heads != heads || shape.KvHeads != kvHeads || shape.Tensor != tensor)
                shape = new(hidden, heads, kvHeads, LayerShape.FindHeadWidth(hidden, heads, kvHeads), 0, true, 0, tensor);
            if (model is not null && kvHeads != model.KvHeads)
                set.Tally(file, $"n_kv_head is {kvHeads} where the catalogue's {model.Name} has {model.KvHeads}; the table's is taken");
            string kernel = NumberFormats.Kernel(LastPart(kernels.Read(row, c.Backend)));
            AttentionSample? chunks = Chunks(file, set, c, row, kernel, shape);
            AttentionSample? decodes = Decodes(file, set, c, row, kernel, shape);
            if (chunks is { } prompt) set.Attention.Add(prompt);
            if (decodes is { } tokens) set.Attention.Add(tokens);
            int rows = (chunks is { } p ? p.Chunks * p.ChunkTokens : 0) + (decodes?.Decodes ?? 0);
            if (rows > 0 && !row.IsEmpty(c.CacheWrite) && row.Seconds(c.CacheWrite, RowFields.Milliseconds) is > 0 and var write)
                shape.Add(set, LayerOperator.CacheWrite, rows, write);
        }
    }

    private static AttentionSample? Chunks(TableFile file, SetBuilder set, AttentionColumns c, CsvRow row, string kernel, LayerShape shape)
    {
        if (!row.Flag(c.IsPrefill) || Seconds(file, set, row, c.Prefill) is not { } seconds) return null;
        bool trulyMixed = !row.IsEmpty(c.TrulyMixed) && row.Flag(c.TrulyMixed);
        (int count, int tokens, int history) = (row.Size(c.Batch), row.Size(c.Chunk, 0), row.Size(c.Cached, 0));
        if (trulyMixed || (!row.IsEmpty(c.Mixed) && row.Flag(c.Mixed)))
        {
            int[] lengths = Lengths(row, trulyMixed ? c.PrefillLengths : c.Lengths);
            int[] histories = trulyMixed ? Lengths(row, c.PrefillCached) : [history];
            if (lengths.Length == 0 || histories.Length == 0 || lengths.Distinct().Count() > 1 || histories.Distinct().Count() > 1)
            {
                set.Tally(file, "prompts of unequal lengths in one batch are left out");
                return null;
            }
            (count, tokens, history) = (lengths.Length, lengths[0], histories[0]);
        }
        if (tokens == 0) throw row.Error(c.Chunk, "a prefill needs at least one token");
        return new(kernel, count, tokens, history, 0, 0, 0, 0, shape.HeadsHere, shape.KvHeadsHere, shape.HeadWidth, seconds);
    }

    private static AttentionSample? Decodes(TableFile file, SetBuilder set, AttentionColumns c, CsvRow row, string kernel, LayerShape shape)
    {
        bool trulyMixed = !row.IsEmpty(c.TrulyMixed) && row.Flag(c.TrulyMixed);
        if (row.Flag(c.IsPrefill) && !trulyMixed) return null;
        if (Seconds(file, set, row, c.Decode) is not { } seconds) return null;
        (int count, int context, int longer, int longest) = (row.Size(c.Batch), row.Size(c.Cached, 0), 0, 0);
        if (trulyMixed)
        {
            int[] contexts = Lengths(row, c.DecodeCached);
            (int least, int most) = contexts.Length == 0 ? (0, 0) : (contexts.Min(), contexts.Max());
            if (contexts.Length == 0 || contexts.Any(length => length != least && length != most))
            {
                set.Tally(file, "decodes of more than two context lengths are left out");
                return null;
            }
            longer = least == most ? 0 : contexts.Count(length => length == most);
            (count, context, longest) = (contexts.Length, least, longer > 0 ? most : 0);
        }
        return new(kernel, 0, 0, 0, count, Math.Max(1, context), longer, longest, shape.HeadsHere, shape.KvHeadsHere, shape.HeadWidth, seconds);
    }

    private static void ReadExperts(TableFile file, CsvReader csv, ImportSession session)
    {
        (int tokens, int count, int here, int ranks) =
            (csv.Require("num_tokens"), csv.Require("num_experts"), csv.Require("num_experts_per_device"), csv.Require("expert_parallel_size"));
        (int topK, int hidden, int width, int tensor) =
            (csv.Require("router_topk"), csv.Require("hidden_dim"), csv.Require("expert_hidden_dim"), csv.Require("num_tensor_parallel_workers"));
        int time = csv.Require("time_stats.moe_grouped_gemm.median");
        (int router, int touched, int routing) = (csv.Find("time_stats.moe_gating_linear.median"), csv.Find("expert_utilization"), csv.Find("load_distribution"));
        SetBuilder set = session.Set(file, file.Folder(2), "", file.Folder(1));
        TextColumn routings = new();
        while (csv.TryRead(out CsvRow row))
        {
            (int rows, int inputs, int experts) = (row.Size(tokens), row.Size(hidden), row.Size(count));
            int? active = row.IsEmpty(touched) ? null : (int)Math.Round(row.Number(touched, 0, 1) * row.Size(here));
            if (Seconds(file, set, row, time) is { } seconds)
            {
                set.Experts.Add(new(
                    Precision.Bf16, rows, inputs, row.Size(width), row.Size(topK), experts, row.Size(tensor), row.Size(ranks), routings.Read(row, routing),
                    active, seconds));
            }
            if (!row.IsEmpty(router)) set.Matrices.Add(new(Precision.Bf16, rows, experts, inputs, row.Seconds(router, RowFields.Milliseconds), "router"));
        }
    }

    /// <summary>An empty or zero field is a kernel that did not run.</summary>
    private static double? Seconds(TableFile file, SetBuilder set, CsvRow row, int column)
    {
        if (!row.IsEmpty(column) && row.Seconds(column, RowFields.Milliseconds) is > 0 and var seconds) return seconds;
        set.Tally(file, "a row without the time of its kernel is left out");
        return null;
    }

    /// <summary><c>AttentionBackend.FLASHINFER</c> without the class.</summary>
    private static string LastPart(string name) => name[(name.LastIndexOf('.') + 1)..];

    /// <summary>A Python list such as <c>[128, 64]</c>; none where the field is empty.</summary>
    private static int[] Lengths(CsvRow row, int column)
    {
        if (row.IsEmpty(column)) return [];
        string text = row.Text(column).Trim('[', ']', ' ');
        if (text.Length == 0) return [];
        string[] parts = text.Split(',');
        int[] lengths = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
            if (!int.TryParse(parts[i].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out lengths[i]))
                throw row.Error(column, $"'{parts[i].Trim()}' is no length; a list such as [128, 64] is needed");
        return lengths;
    }

    private sealed class AttentionColumns(CsvReader csv)
    {
        public int Hidden { get; } = csv.Require("n_embd");

        public int Heads { get; } = csv.Require("n_q_head");

        public int KvHeads { get; } = csv.Require("n_kv_head");

        public int Tensor { get; } = csv.Require("num_tensor_parallel_workers");

        public int Batch { get; } = csv.Require("batch_size");

        public int Chunk { get; } = csv.Require("prefill_chunk_size");

        public int Cached { get; } = csv.Require("kv_cache_size");

        public int IsPrefill { get; } = csv.Require("is_prefill");

        public int Prefill { get; } = csv.Require("time_stats.attn_prefill.median");

        public int Decode { get; } = csv.Require("time_stats.attn_decode.median");

        public int CacheWrite { get; } = csv.Find("time_stats.attn_kv_cache_save.median");

        public int Backend { get; } = csv.Find("attention_backend");

        public int Mixed { get; } = csv.Find("is_mixed_batch");

        public int TrulyMixed { get; } = csv.Find("is_true_mixed_batch");

        public int Lengths { get; } = csv.Find("seq_lens");

        public int PrefillLengths { get; } = csv.Find("prefill_seq_lens");

        public int PrefillCached { get; } = csv.Find("prefill_kv_cache_sizes");

        public int DecodeCached { get; } = csv.Find("decode_kv_cache_sizes");
    }
}
