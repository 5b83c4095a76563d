using Orrery.Traffic.Readers;
using Orrery.World.Hardware;
using Orrery.World.Measurements;

namespace Orrery.Lab.Import;

/// <summary>
/// Tables of aiconfigurator: one folder per device, one file per operator and software version. Times are milliseconds of one call; shapes
/// are those of one device. Message sizes count elements, and are those of the whole buffer for gathers and scatters too: bandwidths come
/// out right only so.
/// </summary>
internal static class AiconfiguratorTables
{
    public static readonly TableFormat[] Formats =
    [
        new("aiconfigurator (gemm, attention, moe, collectives)", ["gemm_dtype"], ReadMatrices),
        new("aiconfigurator (gemm, attention, moe, collectives)", ["moe_dtype"], ReadExperts),
        new("aiconfigurator (gemm, attention, moe, collectives)", ["isl", "latency"], ReadAttention),
        new("aiconfigurator (gemm, attention, moe, collectives)", ["allreduce_dtype"], (file, csv, session) => ReadCollectives(file, csv, session, "allreduce_dtype")),
        new("aiconfigurator (gemm, attention, moe, collectives)", ["nccl_dtype"], (file, csv, session) => ReadCollectives(file, csv, session, "nccl_dtype")),
    ];

    private static readonly string[] ExpertSizes = ["num_tokens", "hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size", "moe_ep_size"];

    private static void ReadMatrices(TableFile file, CsvReader csv, ImportSession session)
    {
        (int format, int m, int n, int k, int latency) =
            (csv.Require("gemm_dtype"), csv.Require("m"), csv.Require("n"), csv.Require("k"), csv.Require("latency"));
        SetBuilder? set = null;
        TextColumn formats = new();
        while (csv.TryRead(out CsvRow row))
        {
            set ??= Set(file, csv, row, session);
            if (ComputeFormat(file, set, formats.Read(row, format)) is not { } precision) continue;
            set.Matrices.Add(new(precision, row.Size(m), row.Size(n), row.Size(k), row.Seconds(latency, RowFields.Milliseconds)));
        }
    }

    /// <summary>
    /// Eight-bit experts come scaled by blocks of weights and by whole matrices, which are different kernels that differ by factors. Engines serve
    /// checkpoints of blocks; where a table has both, those are the format.
    /// </summary>
    private static void ReadExperts(TableFile file, CsvReader csv, ImportSession session)
    {
        int format = csv.Require("moe_dtype");
        int[] sizes = [.. ExpertSizes.Select(csv.Require)];
        (int distribution, int latency) = (csv.Require("distribution"), csv.Require("latency"));
        SetBuilder? set = null;
        (TextColumn formats, TextColumn routings) = (new(), new());
        List<ExpertSample> whole = [];
        bool blocks = false;
        while (csv.TryRead(out CsvRow row))
        {
            set ??= Set(file, csv, row, session);
            string spelling = formats.Read(row, format);
            if (ComputeFormat(file, set, spelling) is not { } precision) continue;
            bool scaledByBlock = NumberFormats.IsScaledByBlock(spelling);
            blocks |= scaledByBlock;
            (precision == Precision.Fp8 && !scaledByBlock ? whole : set.Experts).Add(new(
                precision, row.Size(sizes[0]), row.Size(sizes[1]), row.Size(sizes[2]), row.Size(sizes[3]), row.Size(sizes[4]), row.Size(sizes[5]),
                row.Size(sizes[6]), routings.Read(row, distribution), null, row.Seconds(latency, RowFields.Milliseconds)));
        }
        if (!blocks) set?.Experts.AddRange(whole);
        else foreach (ExpertSample _ in whole) set?.Tally(file, "8-bit experts with one scale per matrix are left out beside those scaled by blocks");
    }

    /// <summary>Context and generation share their columns; the file's name tells them apart, or else that a generation step has one new token.</summary>
    private static void ReadAttention(TableFile file, CsvReader csv, ImportSession session)
    {
        (int batch, int isl, int heads, int kvHeads, int width) = (
            csv.Require("batch_size"), csv.Require("isl"), csv.Require("num_heads"), csv.Require("num_key_value_heads"), csv.Require("head_dim"));
        (int compute, int cache, int step, int latency) = (csv.Require("attn_dtype"), csv.Require("kv_cache_dtype"), csv.Require("step"), csv.Require("latency"));
        (int kernel, int window) = (csv.Find("kernel_source"), csv.Find("window_size"));
        bool context = file.Stem.StartsWith("context", StringComparison.OrdinalIgnoreCase);
        bool generation = file.Stem.StartsWith("generation", StringComparison.OrdinalIgnoreCase);
        SetBuilder? set = null;
        (TextColumn kernels, TextColumn computes, TextColumn caches) = (new(), new(), new());
        while (csv.TryRead(out CsvRow row))
        {
            set ??= Set(file, csv, row, session);
            if (window >= 0 && row.Size(window, 0) > 0)
            {
                set.Tally(file, "attention with a sliding window is left out");
                continue;
            }
            if (NumberFormats.Bytes(computes.Read(row, compute)) is not 2 || NumberFormats.Bytes(caches.Read(row, cache)) is not 2)
            {
                set.Tally(file, "attention in another format than 16-bit is left out");
                continue;
            }
            (int sequences, int tokens, int history) = (row.Size(batch), row.Size(isl), row.Size(step, 0));
            bool decode = generation || (!context && tokens == 1 && history > 0);
            AttentionSample sample = new(
                NumberFormats.Kernel(kernels.Read(row, kernel)), decode ? 0 : sequences, decode ? 0 : tokens, decode ? 0 : history, decode ? sequences : 0,
                decode ? tokens + history : 0, 0, 0, row.Size(heads), row.Size(kvHeads), row.Size(width), row.Seconds(latency, RowFields.Milliseconds));
            set.Attention.Add(sample);
        }
    }

    private static void ReadCollectives(TableFile file, CsvReader csv, ImportSession session, string formatColumn)
    {
        (int format, int devices, int size, int latency) = (csv.Require(formatColumn), csv.Require("num_gpus"), csv.Require("message_size"), csv.Require("latency"));
        (int op, int library, int backend) = (csv.Find("op_name"), csv.Find("kernel_source"), csv.Find("backend"));
        SetBuilder? set = null;
        (TextColumn formats, TextColumn ops, TextColumn libraries, TextColumn backends) = (new(), new(), new(), new());
        while (csv.TryRead(out CsvRow row))
        {
            set ??= Set(file, csv, row, session);
            if (NumberFormats.Bytes(formats.Read(row, format)) is not { } elementBytes)
            {
                set.Tally(file, $"the format '{formats.Read(row, format)}' is unknown; its rows are left out");
                continue;
            }
            string name = op < 0 ? "all_reduce" : ops.Read(row, op);
            if (CollectiveTables.Kind(name) is not { } kind)
            {
                set.Tally(file, $"the collective '{name}' is unknown; its rows are left out");
                continue;
            }
            int group = row.Size(devices);
            string used = backend >= 0 ? backends.Read(row, backend) : libraries.Read(row, library);
            long bytes = (long)(row.Size(size) * elementBytes);
            set.Collectives.Add(new(kind, "", group, group, bytes, Library(used), row.Seconds(latency, RowFields.Milliseconds)));
        }
    }

    /// <summary><c>vllm_graph</c> is vLLM's own kernel in a captured graph.</summary>
    private static string Library(string used) => used.ToLowerInvariant() switch
    {
        "" => "nccl",
        "vllm_graph" => "vllm-custom-graph",
        "vllm_eager" => "vllm-custom-eager",
        string other => other.Replace('_', '-'),
    };

    private static Precision? ComputeFormat(TableFile file, SetBuilder set, string spelling)
    {
        Precision? format = NumberFormats.Compute(spelling);
        if (format is null) set.Tally(file, $"the format '{spelling}' has no matrix units of its own or is unknown; its rows are left out");
        return format;
    }

    /// <summary>The folder names the device; a column may, where the folder says nothing known. The file's name ends with the software.</summary>
    private static SetBuilder Set(TableFile file, CsvReader csv, CsvRow row, ImportSession session)
    {
        string device = file.Folder(1);
        int column = csv.Find("device");
        if (column >= 0 && CatalogNames.Device(device) is null) device = row.Text(column);
        return session.Set(file, device, Software(file.Stem, csv.Find("version") is var version and >= 0 ? row.Text(version) : ""));
    }

    /// <summary><c>gemm_perf.vllm-0.24.0</c> gives <c>vllm-0.24.0</c>, <c>nccl.2.29.2</c> gives <c>nccl-2.29.2</c>.</summary>
    private static string Software(string stem, string version)
    {
        int dot = stem.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0) return version;
        string rest = stem[(dot + 1)..];
        return rest.Length > 0 && char.IsAsciiDigit(rest[0]) ? $"{stem[..dot]}-{rest}" : rest;
    }
}
