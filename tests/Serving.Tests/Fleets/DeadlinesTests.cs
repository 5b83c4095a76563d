using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Serving.Fleets;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Fleets;

public sealed class DeadlinesTests
{
    [Fact]
    public void LongTimeoutsDoNotKeepWhatHasLeft()
    {
        VirtualClock clock = new();
        List<long> timedOut = [];
        Deadlines deadlines = new(clock, (sequence, _) => timedOut.Add(sequence.Id));
        int most = 0;
        for (int i = 0; i < 10_000; i++)
        {
            Request request = new() { Id = i, Arrival = Instant.Zero, PromptTokens = 1, OutputTokens = 1, Timeout = Duration.FromHours(24) };
            Sequence sequence = new(request, 1, 0);
            deadlines.Watch(sequence);
            // All but every thousandth finish at once.
            if (i % 1000 != 0) sequence.Outcome = Outcome.Finished;
            most = Math.Max(most, deadlines.Pending);
        }
        Assert.InRange(most, 1, 300);
        clock.Run();
        Assert.Equal([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000], timedOut);
    }
}
