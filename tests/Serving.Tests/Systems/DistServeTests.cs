using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems.DistServe;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Plans of DistServe that follow by hand from its rules.</summary>
public sealed class DistServeTests
{
    [Fact]
    public void PromptsAreBatchedFromTheHeadUntilALimitStopsThem()
    {
        PlanLog.Run(new DistServeOptions { MaxPrompts = 2, MaxPromptTokens = 100 }, [(40, 1), (40, 1), (10, 1), (95, 1), (20, 1)], out PlanLog log);
        Assert.Equal(["0:40 1:40", "2:10", "3:95", "4:20"], log.Plans);
    }

    [Fact]
    public void DecodesRunWhenNoPromptFits()
    {
        // Four blocks of 16: the third prompt needs three and finds two, at first and when 0 has left.
        PlanLog.Run(new DistServeOptions(), [(16, 2), (16, 3), (40, 1)], out PlanLog log, blocks: 4);
        Assert.Equal(["0:16 1:16", "0:1 1:1", "1:1", "2:40"], log.Plans);
    }

    [Fact]
    public void TheLastOfTheBatchGoesToTheHostAndComesBackBeforeThoseThatWait()
    {
        List<Sequence> left = [];
        Request[] requests = [.. new (int Prompt, int Output)[] { (16, 30), (16, 20), (40, 2) }.Select((r, i) => new Request { Id = i, Arrival = Instant.Zero, PromptTokens = r.Prompt, OutputTokens = r.Output })];
        CopyCosts costs = new(1000, 4, Duration.FromMicroseconds(1), 1e12);
        FleetOutcome outcome = new FleetHarness
        {
            Scheduler = () => new DistServeOptions().Create(new(4096, "toy", default)),
            Memory = () => new PagedMemory(4, 16),
            Cost = ToyCost.Constant(Duration.FromMilliseconds(1)),
            Swap = () => new KvSwap(new SwapOptions(), costs, 1000),
            OnLeft = left.Add,
        }.Run(new ScriptedTraffic(requests));
        // Both prompts fill two blocks and grow to two each; at the 17th token 0 takes the block of 1, which goes out with its KV.
        Assert.Equal(1, outcome.Fleet.Replicas[0].Counters.PreemptionsToHost);
        Assert.Equal([0L, 1L, 2L], left.Select(sequence => sequence.Id));
        Assert.Equal(0, left[0].Preemptions);
        Assert.Equal(1, left[1].Preemptions);
        Assert.Equal(72, outcome.Fleet.Replicas[0].Counters.PrefillTokens);
    }

    [Fact]
    public void ThePromptGoesWhereFewestAreAndTheDecodeWhereFewestWait()
    {
        Reports fleet = new([new(Instant.Zero) { Waiting = 1, Running = 4 }, new(Instant.Zero) { Waiting = 3, Running = 0 }, new(Instant.Zero) { Waiting = 1, Running = 3 }]);
        DistServeRouter router = new();
        Assert.Equal(1, router.Choose(null!, fleet));
        Assert.Equal(2, router.ChooseDecode(null!, fleet));
    }

    internal sealed class Reports(ReplicaReport[] reports, ReplicaRole[]? roles = null) : IFleetView
    {
        public Instant Now => Instant.Zero;

        public int Count => reports.Length;

        public int LiveRequests(int replica) => reports[replica].LiveRequests;

        public long LiveTokens(int replica) => 0;

        public double KvUse(int replica) => 0;

        public int CachedTokens(int replica, Sequence sequence) => 0;

        public ReplicaRole RoleOf(int replica) => roles?[replica] ?? ReplicaRole.Mixed;

        public ReplicaReport Report(int replica) => reports[replica];
    }
}
