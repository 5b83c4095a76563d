using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Chains;

namespace Orrery.Serving.Tests.Chains;

public class ChainRunTests : IChainObserver
{
    private readonly VirtualClock _clock = new();
    private readonly List<(long Id, double Seconds)> _tokens = [];
    private readonly List<long> _finished = [];
    private readonly List<long> _refused = [];
    private ChainRun? _run;
    private bool _overfull;

    [Fact]
    public void OneHostTakesItsLayersAndTwoMessages()
    {
        Serve([Host("a", 0, 4)], new FixedPath([0]), layers: 4);
        Submit(new ChainRequest(1, 100, 3, Instant.Zero));
        _clock.Run();
        // Token numbers 200 B at 1 MB/s, 1 ms; four layers at 1 ms a token; the answer 2 B and 1 ms.
        Assert.Equal([(1, 0.402202), (1, 0.042004), (1, 0.042004)], _tokens);
        Assert.Equal([1], _finished);
        Assert.Equal(0, _run!.KvUsed(0));
    }

    [Fact]
    public void ActivationsTravelBetweenHosts()
    {
        Serve([Host("a", 0, 1), Host("b", 1, 3)], new FixedPath([0, 1]), layers: 4);
        Submit(new ChainRequest(1, 100, 2, Instant.Zero));
        _clock.Run();
        // Beside the single host: 100 tokens of 50 B and one more latency; then one token.
        Assert.Equal([(1, 0.402202 + 0.005 + 0.001), (1, 0.042004 + 0.00005 + 0.001)], _tokens.Select(t => (t.Id, Math.Round(t.Seconds, 9))));
        Assert.Equal(100 * 50 + 50, _run!.BytesMoved(0, 1));
        Assert.Equal(101, _run.LayerTokens(0));
        Assert.Equal(303, _run.LayerTokens(1));
    }

    [Fact]
    public void ARequestEntersInTheMiddleOfAHost()
    {
        Serve([Host("a", 0, 3), Host("b", 1, 3)], new FixedPath([0, 1]), layers: 4);
        Submit(new ChainRequest(1, 100, 1, Instant.Zero));
        _clock.Run();
        Assert.Equal(0.402202 + 0.006, Assert.Single(_tokens).Seconds, 9);
        Assert.Equal(100, _run!.LayerTokens(1));
    }

    [Fact]
    public void BatchesKeepTheirLimitsAndTheirOrder()
    {
        HostSpec host = Host("a", 0, 1) with { Limits = new BatchLimits(2, 250, 10, 10_000) };
        Serve([host], new FixedPath([0]), layers: 1);
        for (int i = 0; i < 4; i++) Submit(new ChainRequest(i, i == 2 ? 200 : 100, 1, Instant.Zero));
        _clock.Run();
        // 0 (and later the three others wait): 0 arrives first and runs alone; then 1 and 3 fit together, 2 does not.
        Assert.Equal([0, 1, 3, 2], _finished);
        Assert.Equal(3, _run!.Batches(0));
    }

    [Fact]
    public void NothingIsLostWhenRoomRunsOut()
    {
        RandomStream random = RandomStream.Root(3).Split("requests");
        // Room for two or three requests at the second host: prompts wait and tokens make the youngest begin again.
        Serve([Host("a", 0, 2) with { KvEntries = 1200 }, Host("b", 2, 2) with { KvEntries = 500 }], new FixedPath([0, 1]), layers: 4);
        long outputs = 0;
        for (int i = 0; i < 60; i++)
        {
            int output = 1 + random.NextInt(60);
            outputs += output;
            double at = random.NextInt(1000) / 100.0;
            ChainRequest request = new(i, 20 + random.NextInt(80), output, Instant.FromSeconds(at));
            Submit(request);
        }
        _clock.Run();
        Assert.False(_overfull);
        Assert.Empty(_refused);
        Assert.Equal(60, _finished.Distinct().Count());
        Assert.Equal(60, _finished.Count);
        Assert.Equal(outputs, _tokens.Count);
        Assert.True(_run!.Restarts > 0);
        Assert.Equal(0, _run.KvUsed(0) + _run.KvUsed(1));
        Assert.Equal(0, _run.InFlight + _run.Waiting);
    }

    [Fact]
    public void WhatFitsNowhereIsRefused()
    {
        Serve([Host("a", 0, 1) with { KvEntries = 50 }], new FixedPath([0]), layers: 1);
        Submit(new ChainRequest(1, 100, 1, Instant.Zero));
        Submit(new ChainRequest(2, 45, 20, Instant.Zero));
        Submit(new ChainRequest(3, 20, 5, Instant.Zero));
        _clock.Run();
        Assert.Equal([1, 2], [.. _refused.Order()]);
        Assert.Equal([3], _finished);
        Assert.Equal(0, _run!.KvUsed(0));
    }

    void IChainObserver.Token(ChainRequest request, Duration taken)
    {
        _tokens.Add((request.Id, taken.Seconds));
        for (int host = 0; host < _run!.Hosts.Count; host++) _overfull |= _run.KvUsed(host) > _run.Hosts[host].KvEntries;
    }

    void IChainObserver.Finished(ChainRequest request) => _finished.Add(request.Id);

    void IChainObserver.Refused(ChainRequest request) => _refused.Add(request.Id);

    private static HostSpec Host(string name, int first, int layers) => new(name, first, layers, 1_000_000, new BatchLimits(8, 1000, 64, 100_000), new Cost());

    private void Serve(HostSpec[] hosts, IChainRouter router, int layers) => _run = new ChainRun(
        _clock, new ChainModel(layers, ActivationBytes: 50, TokenBytes: 2), hosts, (_, _) => new ChainLink(new BytesPerSecond(1e6), Duration.FromMilliseconds(1)),
        port: null, router, this);

    private void Submit(ChainRequest request) => _clock.Spawn("arrival", async () =>
    {
        await _clock.Until(request.Arrival);
        _run!.Submit(request);
    });

    private sealed class Cost : IStageCost
    {
        public double LayerSeconds(in StageWork work) => (0.001 * work.PromptTokens) + (work.Decodes > 0 ? 0.01 : 0);

        public double EntrySeconds(in StageWork work) => 0;
    }

    private sealed class FixedPath(int[] hosts) : IChainRouter
    {
        public bool Admit(ChainRequest request, IChainView view, List<int> path)
        {
            // The first host now, the others one by one.
            path.Add(hosts[0]);
            return true;
        }

        public int Next(ChainRequest request, int host, int layer, IChainView view) => hosts[Array.IndexOf(hosts, host) + 1];
    }
}
