using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Generators.Marks;

/// <summary>Draws tool calls into requests, each part from a stream of its own.</summary>
internal sealed class CallDraw(CallMarks marks, RandomStream random)
{
    private readonly RandomStream _counts = random.Split("counts");
    private readonly RandomStream _tokens = random.Split("tokens");
    private readonly RandomStream _times = random.Split("times");
    private readonly RandomStream _returns = random.Split("returns");

    /// <summary>Puts calls before the output that the row has; its output then is the sum of all segments.</summary>
    internal void Apply(ref TraceRow row)
    {
        int count = Math.Min(Whole(marks.Count.Sample(_counts)), CallMarks.MostCalls);
        if (count == 0) return;
        ToolCall[] calls = new ToolCall[count];
        long after = 0;
        for (int i = 0; i < count; i++)
        {
            after += Tokens.Whole(marks.Tokens.Sample(_tokens));
            Duration time = Duration.FromSeconds(Math.Max(0, marks.Seconds.Sample(_times)));
            calls[i] = new((int)Math.Min(after, Readers.Formats.Limits.MaxTokens), time, Whole(marks.Returned.Sample(_returns)));
        }
        row.Calls = calls;
        row.OutputTokens = (int)Math.Min(after + row.OutputTokens, Readers.Formats.Limits.MaxTokens);
    }

    private static int Whole(double value) => value < 0.5 ? 0 : Tokens.Whole(value);
}
