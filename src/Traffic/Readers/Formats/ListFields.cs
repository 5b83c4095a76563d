using System.Text;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Readers.Formats;

/// <summary>Largest values that a trace may hold; a larger one is a mistake, not a workload.</summary>
internal static class Limits
{
    /// <summary>Tokens of one request: a hundred times the longest context of any published model.</summary>
    internal const int MaxTokens = 100_000_000;
}

/// <summary>Fields that hold a list: elements joined by <c>;</c>, parts of an element by <c>:</c>.</summary>
internal static class ListFields
{
    /// <summary>
    /// <c>afterTokens:apiSeconds:returnTokens</c> joined by <c>;</c>, in rising order of <c>afterTokens</c>, none beyond the output.
    /// </summary>
    internal static ToolCall[] Calls(CsvRow csv, int column, int outputTokens)
    {
        ReadOnlySpan<byte> field = csv[column];
        var calls = new ToolCall[field.Count((byte)';') + 1];
        int count = 0;
        int previous = 0;
        Span<Range> parts = stackalloc Range[4];
        foreach (Range range in field.Split((byte)';'))
        {
            ReadOnlySpan<byte> element = field[range];
            if (!Split(element, parts, 3)
                || !Fields.TryLong(element[parts[0]], out long after) || after is < 0 or > Limits.MaxTokens
                || !Fields.TrySeconds(element[parts[1]], out long pause)
                || !Fields.TryLong(element[parts[2]], out long returned) || returned is < 0 or > Limits.MaxTokens)
            {
                throw csv.Error(column, $"'{Encoding.UTF8.GetString(element)}' is not afterTokens:apiSeconds:returnTokens; write, for example, 20:0.5:100;60:1.2:35");
            }
            if (after < previous)
                throw csv.Error(column, $"a call after {after} tokens follows one after {previous}; list calls in the order in which they are made");
            if (after > outputTokens) throw csv.Error(column, $"a call after {after} tokens is beyond the output of {outputTokens} tokens");
            calls[count++] = new ToolCall((int)after, Duration.FromNanoseconds(pause), (int)returned);
            previous = (int)after;
        }
        return calls;
    }

    /// <summary><c>id:tokens</c> joined by <c>;</c>: the identified head of the prompt.</summary>
    internal static TokenSpan[] Spans(CsvRow csv, int column, int promptTokens)
    {
        ReadOnlySpan<byte> field = csv[column];
        var spans = new TokenSpan[field.Count((byte)';') + 1];
        int count = 0;
        long total = 0;
        Span<Range> parts = stackalloc Range[3];
        foreach (Range range in field.Split((byte)';'))
        {
            ReadOnlySpan<byte> element = field[range];
            if (!Split(element, parts, 2) || element[parts[0]].IsEmpty || !Fields.TryLong(element[parts[1]], out long tokens)
                || tokens is < 1 or > Limits.MaxTokens)
            {
                throw csv.Error(column, $"'{Encoding.UTF8.GetString(element)}' is not id:tokens; write, for example, 17:512;18:300");
            }
            total += tokens;
            if (total > promptTokens) throw csv.Error(column, $"the spans hold more than the prompt's {promptTokens} tokens");
            spans[count++] = new TokenSpan(OrreryCsvParser.Identity(element[parts[0]]), (int)tokens);
        }
        return spans;
    }

    private static bool Split(ReadOnlySpan<byte> element, Span<Range> parts, int wanted)
    {
        int count = 0;
        foreach (Range part in element.Split((byte)':'))
        {
            if (count == wanted) return false;
            parts[count++] = part;
        }
        return count == wanted;
    }
}
