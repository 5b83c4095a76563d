using BenchmarkDotNet.Attributes;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Bench;

/// <summary>
/// The hold model (Vaucher and Duval 1975): every event schedules its successor an exponential time later, so the number pending stays.
/// One operation is one event of a whole process: pop, resume, draw, wait, push.
/// </summary>
[MemoryDiagnoser]
public class HoldModel
{
    private const int EventsPerInvoke = 1_000_000;

    private SteppedClock _clock = new();

    [Params(100, 10_000, 1_000_000)]
    public int Pending { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _clock = new SteppedClock();
        RandomStream root = RandomStream.Root(1).Split("hold");
        Exponential gap = new(1);
        for (int i = 0; i < Pending; i++)
        {
            RandomStream random = root.Split(i);
            _clock.Spawn("holder", () => Hold(random, gap), background: true);
        }
        // Every process has waited at least once on average before the first measurement.
        _clock.Advance(2 * Pending);
    }

    [Benchmark(OperationsPerInvoke = EventsPerInvoke)]
    public long Event()
    {
        _clock.Advance(EventsPerInvoke);
        return _clock.Now.Nanoseconds;
    }

    private async ValueTask Hold(RandomStream random, Exponential gap)
    {
        while (true) await _clock.Delay(Duration.FromSeconds(gap.Sample(random)));
    }

    private sealed class SteppedClock : Clock
    {
        public void Advance(int events)
        {
            for (int i = 0; i < events; i++) TryStep(Instant.Never);
        }

        public override void Post(Action action) => throw new NotSupportedException("the hold model has one thread");

        public override ExternalWork BeginExternal() => throw new NotSupportedException("the hold model has one thread");
    }
}
