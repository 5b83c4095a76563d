using System.Text;
using Orrery.Kernel;
using Orrery.Traffic.Readers.Formats;

namespace Orrery.Traffic.Readers;

/// <summary>A trace format that the readers know.</summary>
/// <param name="Name">What <c>format:</c> takes.</param>
/// <param name="Doc">One sentence for <c>catalog traffic</c>.</param>
/// <param name="Marker">Column (or JSON key) by which a file is recognised.</param>
public sealed record TraceFormat(string Name, string Doc, string Marker)
{
    /// <summary>Every format; the order is the order of sniffing.</summary>
    public static IReadOnlyList<TraceFormat> All { get; } =
    [
        new("orrery", "Orrery CSV: arrival_seconds, prompt_tokens, output_tokens and optional columns; rows must be in order; with session and think_seconds a turn waits for the previous answer",
            "arrival_seconds"),
        new("azure", "Azure LLM inference traces 2023 and 2024 (CSV: TIMESTAMP, ContextTokens, GeneratedTokens); the first row arrives at zero", "ContextTokens"),
        new("mooncake", "Mooncake JSON lines: timestamp (ms), input_length, output_length, hash_ids of 512-token blocks", "hash_ids"),
        new("burstgpt", "BurstGPT CSV: Timestamp (s), Model, Request tokens, Response tokens, Total tokens, Log Type; the model stands for the client", "Request tokens"),
        new("vidur", "Vidur processed traces (CSV: num_prefill_tokens, num_decode_tokens and perhaps arrived_at)", "num_prefill_tokens"),
        new("splitwise", "splitwise-sim CSV: request_id, request_type, application_id, arrival_timestamp, batch_size, prompt_size, token_size", "prompt_size"),
        new("block-ids", "request lists of measured runs (CSV: arrival_ns, prompt_tokens, output_tokens, prefix_block_ids of full 16-token blocks); the first row arrives at zero",
            "prefix_block_ids"),
        new("servegen", "ServeGen statistics of many clients: <service>-rates.csv beside <service>-lengths.csv, drawn anew from the seed", "interarrival_family"),
    ];

    /// <summary>The format of a name.</summary>
    /// <exception cref="InputException">Unknown name.</exception>
    public static TraceFormat Named(string name) =>
        All.FirstOrDefault(f => f.Name == name)
            ?? throw new InputException($"format '{name}' is not known{Names.Suggest(name, [.. All.Select(f => f.Name)])}");

    /// <summary>The format of a file, by its first line.</summary>
    /// <exception cref="InputException">The first line fits no format.</exception>
    internal static TraceFormat Sniff(ReadOnlySpan<byte> firstLine, string origin)
    {
        if (firstLine.TrimStart((byte)' ') is [(byte)'{', ..]) return Named("mooncake");
        string[] columns = CsvReader.SplitHeader(firstLine);
        foreach (TraceFormat format in All)
        {
            if (columns.Contains(format.Marker, StringComparer.OrdinalIgnoreCase)) return format;
        }
        string shown = Encoding.UTF8.GetString(firstLine[..Math.Min(80, firstLine.Length)]);
        throw new InputException($"{origin}:1: the header '{shown}' fits no known trace format; a trace needs the columns {OrreryCsvParser.RequiredColumns}, or name its format ({string.Join(", ", All.Select(f => f.Name))})");
    }

    internal ITraceParser Open(LineReader lines, ClientTable clients) => Name switch
    {
        "orrery" => new OrreryCsvParser(lines, clients),
        "azure" => new PublicCsvParser(lines, PublicLayout.Azure, clients),
        "mooncake" => new MooncakeParser(lines),
        "burstgpt" => new PublicCsvParser(lines, PublicLayout.BurstGpt, clients),
        "vidur" => new PublicCsvParser(lines, PublicLayout.Vidur, clients),
        "block-ids" => new BlockIdParser(lines),
        "splitwise" => new PublicCsvParser(lines, PublicLayout.Splitwise, clients),
        _ => throw new InputException($"{lines.Origin}: holds statistics of clients, not requests; use it as traffic: {{generator: servegen, file: …}}"),
    };
}
