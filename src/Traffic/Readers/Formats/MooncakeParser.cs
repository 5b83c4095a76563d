using System.Text.Json;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Readers.Formats;

/// <summary>
/// Mooncake traces (FAST 2025): one JSON object a line with <c>timestamp</c> (ms), <c>input_length</c>, <c>output_length</c> and
/// <c>hash_ids</c>, the identities of
/// the prompt's blocks of 512 tokens, where equal leading ids mean a shared prefix. The last block may be partly filled.
/// </summary>
internal sealed class MooncakeParser(LineReader lines) : ITraceParser
{
    /// <summary>Tokens of one hashed block (the traces' documentation).</summary>
    internal const int BlockTokens = 512;

    /// <summary>Milliseconds: the largest time that stays within the limit on seconds.</summary>
    private const double LargestMilliseconds = Fields.LargestSeconds * 1000.0;

    private TokenSpan[] _scratch = new TokenSpan[64];

    public bool StartsAtFirstRow => true;

    public int SortWindowRows => PublicCsvParser.DisorderRows;

    public bool HasArrivals => true;

    public long LiftedRows { get; private set; }

    public string Origin => lines.Origin;

    public long LineNumber => lines.LineNumber;

    public bool TryRead(ref TraceRow row)
    {
        Span<byte> line;
        do
        {
            if (!lines.TryRead(out line)) return false;
        }
        while (line.IsEmpty);
        try
        {
            Parse(line, ref row);
        }
        catch (JsonException e)
        {
            throw lines.Error($"the line is not a JSON object such as {{\"timestamp\": 0, \"input_length\": 6758, \"output_length\": 500, \"hash_ids\": [1, 2]}} ({e.Message})");
        }
        catch (InvalidOperationException e)
        {
            // The reader's answer to text that is not valid UTF-8.
            throw lines.Error($"the line is not valid JSON ({e.Message})");
        }
        return true;
    }

    public void Dispose() => lines.Dispose();

    private void Parse(ReadOnlySpan<byte> line, ref TraceRow row)
    {
        var json = new Utf8JsonReader(line);
        double milliseconds = -1;
        int prompt = -1;
        int output = -1;
        int blocks = 0;
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw lines.Error("the line is not a JSON object");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("timestamp"u8)) milliseconds = Number(ref json, "timestamp", LargestMilliseconds);
            else if (json.ValueTextEquals("input_length"u8)) prompt = Tokens(ref json, "input_length");
            else if (json.ValueTextEquals("output_length"u8)) output = Tokens(ref json, "output_length");
            else if (json.ValueTextEquals("hash_ids"u8)) blocks = Blocks(ref json);
            else
            {
                json.Read();
                json.Skip();
            }
        }
        if (json.Read()) throw lines.Error("text follows the object; one object a line is expected");
        if (milliseconds < 0) throw lines.Error("the key 'timestamp' is missing");
        if (prompt < 0) throw lines.Error("the key 'input_length' is missing");
        if (output < 0) throw lines.Error("the key 'output_length' is missing");
        if (prompt == 0 || output == 0) LiftedRows++;
        row.ArrivalNanoseconds = (long)Math.Round(milliseconds * 1e6, MidpointRounding.AwayFromZero);
        row.PromptTokens = Math.Max(1, prompt);
        row.OutputTokens = Math.Max(1, output);
        row.Content = Content(blocks, row.PromptTokens);
    }

    private TokenSpan[]? Content(int blocks, int promptTokens)
    {
        if (blocks == 0) return null;
        long before = (blocks - 1L) * BlockTokens;
        if (before >= promptTokens)
            throw lines.Error($"column 'hash_ids': {blocks} blocks of {BlockTokens} tokens do not fit a prompt of {promptTokens} tokens");
        _scratch[blocks - 1] = _scratch[blocks - 1] with { Tokens = (int)Math.Min(BlockTokens, promptTokens - before) };
        return _scratch.AsSpan(0, blocks).ToArray();
    }

    private int Blocks(ref Utf8JsonReader json)
    {
        int count = 0;
        if (!json.Read() || json.TokenType != JsonTokenType.StartArray)
            throw lines.Error("column 'hash_ids': must be a list of whole numbers");
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out long id) || id < 0)
                throw lines.Error("column 'hash_ids': must hold whole numbers from 0 up");
            if (count == _scratch.Length) Array.Resize(ref _scratch, count * 2);
            // Zero is reserved for "no identity" elsewhere in a request.
            _scratch[count++] = new TokenSpan((ulong)id + 1, BlockTokens);
        }
        return count;
    }

    private int Tokens(ref Utf8JsonReader json, string column)
    {
        double value = Number(ref json, column, Limits.MaxTokens);
        return value == Math.Floor(value) ? (int)value : throw lines.Error($"column '{column}': must be a whole number of tokens");
    }

    private double Number(ref Utf8JsonReader json, string column, double max)
    {
        if (!json.Read() || json.TokenType != JsonTokenType.Number || !json.TryGetDouble(out double value) || !(value >= 0 && value <= max))
        {
            throw lines.Error(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"column '{column}': must be a number between 0 and {max}"));
        }
        return value;
    }
}
