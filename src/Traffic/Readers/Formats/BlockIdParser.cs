using System.Text;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Readers.Formats;

/// <summary>
/// The request lists beside measured runs: CSV with <c>arrival_ns</c>, <c>prompt_tokens</c>, <c>output_tokens</c>, perhaps
/// <c>request_id</c>, and <c>prefix_block_ids</c>: the prompt's full blocks of 16 tokens, ids joined by blanks. An id stands for its block
/// and all before it, so equal ids mean one prefix; what the ids do not cover is the request's own.
/// </summary>
internal sealed class BlockIdParser : ITraceParser
{
    /// <summary>Tokens of a block that an id names (vLLM's default block, b).</summary>
    internal const int BlockTokens = 16;

    private const long LargestNanoseconds = Fields.LargestSeconds * 1_000_000_000L;

    private readonly CsvReader _csv;
    private readonly int _id;
    private readonly int _arrival;
    private readonly int _prompt;
    private readonly int _output;
    private readonly int _blocks;

    internal BlockIdParser(LineReader lines)
    {
        _csv = new CsvReader(lines);
        _id = _csv.Find("request_id");
        _arrival = _csv.Require("arrival_ns");
        _prompt = _csv.Require("prompt_tokens");
        _output = _csv.Require("output_tokens");
        _blocks = _csv.Require("prefix_block_ids");
    }

    public bool StartsAtFirstRow => true;

    public int SortWindowRows => PublicCsvParser.DisorderRows;

    public bool HasArrivals => true;

    public long LiftedRows { get; private set; }

    public string Origin => _csv.Origin;

    public long LineNumber => _csv.LineNumber;

    public bool TryRead(ref TraceRow row)
    {
        if (!_csv.TryRead(out CsvRow csv)) return false;
        row.Label = csv.IsEmpty(_id) ? null : csv.Text(_id);
        row.ArrivalNanoseconds = csv.Long(_arrival, 0, LargestNanoseconds);
        int prompt = csv.Int(_prompt, 0, Limits.MaxTokens);
        int output = csv.Int(_output, 0, Limits.MaxTokens);
        if (prompt == 0 || output == 0) LiftedRows++;
        row.PromptTokens = Math.Max(1, prompt);
        row.OutputTokens = Math.Max(1, output);
        row.Content = Content(csv, row.PromptTokens);
        return true;
    }

    public void Dispose() => _csv.Dispose();

    private TokenSpan[]? Content(CsvRow csv, int promptTokens)
    {
        ReadOnlySpan<byte> field = Fields.Trim(csv[_blocks]);
        if (field.IsEmpty) return null;
        var spans = new TokenSpan[field.Count((byte)' ') + 1];
        int count = 0;
        foreach (Range range in field.Split((byte)' '))
        {
            ReadOnlySpan<byte> element = field[range];
            if (!Fields.TryLong(element, out long id) || id < 0)
                throw csv.Error(_blocks, $"'{Encoding.UTF8.GetString(element)}' is not a block id; write whole numbers from 0 up, one blank between two");
            // Zero is reserved for "no identity" elsewhere in a request.
            spans[count++] = new TokenSpan((ulong)id + 1, BlockTokens);
        }
        return (long)count * BlockTokens <= promptTokens
            ? spans
            : throw csv.Error(_blocks, $"{count} full blocks of {BlockTokens} tokens do not fit a prompt of {promptTokens} tokens");
    }
}
