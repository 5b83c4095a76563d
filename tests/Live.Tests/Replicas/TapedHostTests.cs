using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Live.Replicas;
using Orrery.Live.Settings;
using Orrery.Live.Streams;
using Orrery.Live.Tapes;
using Orrery.Serving.Drafting;
using Orrery.Serving.Systems;
using Orrery.Serving.Systems.Lamps;
using Orrery.Serving.Systems.VllmV0;

namespace Orrery.Live.Tests.Replicas;

/// <summary>What a real engine was made to do is on the tape, and every decision of it comes out of a replay again.</summary>
public sealed class TapedHostTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"orrery-live-{Path.GetRandomFileName()}.tape");

    public static TheoryData<string> Names() => SchedulersLiveTests.Names();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_decision_of_a_live_run_repeats(string name)
    {
        ReplayReport report = await Record(new() { Scheduler = Schedulers.Registry.Read(Node.Plain(name)), KvMemory = LiveBench.Pages(17) });
        Assert.Null(report.Difference);
        Assert.True(report.Decisions > 10);
    }

    [Fact]
    public async Task So_do_those_with_drafts_and_with_swapping()
    {
        ReplayReport drafts = await Record(new() { Draft = new(new FixedDraftsOptions { Tokens = 3 }, null, 1), KvMemory = LiveBench.Pages(20) });
        Assert.Null(drafts.Difference);
        ReplayReport swaps = await Record(new() { Scheduler = new VllmV0Options(), Swap = new() { Size = LiveBench.Pages(40) }, KvMemory = LiveBench.Pages(10) });
        Assert.Null(swaps.Difference);
    }

    [Fact]
    public async Task So_do_those_with_calls_and_predictions()
    {
        ReplayReport report = await Record(
            new() { Scheduler = new LampsOptions(), Calls = CallHandlers.Registry.Read(Node.Plain("infercept")), KvMemory = LiveBench.Pages(20), PrefixCache = false },
            (request, i) => i % 2 == 0 ? request with { Calls = [new(new(3, Duration.FromMilliseconds(1), 2), [40, 41])] } : request);
        Assert.Null(report.Difference);
    }

    private async Task<ReplayReport> Record(ModelSettings settings, Func<GenerationRequest, int, GenerationRequest>? change = null)
    {
        File.Delete(_path);
        using (TapeRecorder recorder = TapeRecorder.Create(_path))
        {
            await using LiveHost host = LiveBench.Start(settings, LiveBench.Options with { Tape = recorder, StreamCapacity = 20 });
            List<GenerationRequest> requests = [.. LiveBench.Mixed(16).Select((request, i) => change?.Invoke(request, i) ?? request)];
            List<GenerationStream> streams = [.. requests[..10].Select(host.Model().Start)];
            // Two clients leave, one of them at once; one is given no time.
            streams[3].Cancel();
            streams.Add(host.Model().Start(requests[10] with { Timeout = Duration.FromNanoseconds(1) }));
            await streams[1].WaitAsync(TestContext.Current.CancellationToken);
            streams[1].Cancel();
            streams.AddRange(requests[11..].Select(host.Model().Start));
            foreach (GenerationStream stream in streams) await LiveBench.Read(stream);
            await LiveBench.AssertAllFree(host);
            Assert.Null(host.Fault);
        }
        return TapeReplay.Run(_path);
    }
}
