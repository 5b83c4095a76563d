using System.Collections.Concurrent;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Live.Designs;
using Orrery.Live.Tapes;
using Orrery.Serving.Execution;
using Orrery.Serving.Metrics;
using Orrery.Serving.Sequences;
using Orrery.Serving.Speculation;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Tests.Tapes;

/// <summary>
/// A live process without a model: a wall clock on a thread of its own, an engine thread whose steps take what they take, clients on the test's
/// thread. Everything that makes live runs differ from one another is here: threads, late timers, arrivals within steps.
/// </summary>
internal sealed class FakeLive : IStepExecutor, IAcceptance, IProposals, IServingObserver, IDisposable
{
    private readonly WallClock _clock;
    private readonly Thread _loop;
    private readonly Thread _engine;
    private readonly BlockingCollection<(StepRun Run, ExternalWork Work)> _steps = [];
    private readonly TapeRecorder _tape;
    private readonly RandomStream _random;
    private readonly Dictionary<long, int> _accepted = [];
    private readonly Dictionary<long, Sequence> _sequences = [];
    private readonly ManualResetEventSlim _idle = new(true);
    private readonly LiveFleet _fleet;
    private Exception? _fault;
    private int _live;

    public FakeLive(LiveDesign design, Stream tape, RandomStream random)
    {
        _random = random;
        _tape = new(tape);
        _clock = new(TimeProvider.System) { OnInstant = at => _tape.OnInstant(at) };
        _fleet = new(_clock, design, new(this) { Acceptance = this, Proposals = this, Steps = _tape.Started(0, design) }, this);
        _engine = new(Compute) { IsBackground = true };
        _loop = new(Serve) { IsBackground = true };
        _engine.Start();
        _loop.Start();
    }

    public int Depth => 1;

    public bool RunsAhead => false;

    public Instant ReadyAt => Instant.Zero;

    public int Finished { get; private set; }

    public int Gone { get; private set; }

    public void Submit(Func<Instant, Request> make)
    {
        Interlocked.Increment(ref _live);
        _idle.Reset();
        _clock.Post(() =>
        {
            Request request = make(_clock.Now);
            _tape.Arrived(0, request);
            Sequence sequence = _fleet.Fleet.Submit(request);
            if (sequence.Outcome == Outcome.Live) _sequences[request.Id] = sequence;
        });
    }

    public void Cancel(long id) => _clock.Post(() =>
    {
        if (!_sequences.TryGetValue(id, out Sequence? sequence)) return;
        _tape.Cancelled(0, sequence, Outcome.Cancelled);
        _fleet.Fleet.Cancel(sequence, Outcome.Cancelled);
    });

    /// <summary>Waits until every request has left.</summary>
    public void Drain()
    {
        while (!_idle.Wait(TimeSpan.FromSeconds(20)))
        {
            if (_fault is not null) throw new InvalidOperationException(_fault.Message, _fault);
            throw new TimeoutException($"{_live} requests are still here");
        }
        if (_fault is not null) throw new InvalidOperationException(_fault.Message, _fault);
    }

    public void Start(StepRun run) => _steps.Add((run, _clock.BeginExternal()));

    public void Extend(StepRun run) => throw new InvalidOperationException();

    public int Accepted(Sequence sequence, int draftTokens) => _accepted.GetValueOrDefault(sequence.Id);

    public bool HasSome(Sequence sequence)
    {
        bool has = _random.NextInt(3) > 0;
        if (has) _tape.Proposed(0, sequence);
        return has;
    }

    public void Left(Sequence sequence)
    {
        _tape.Left(0, sequence);
        _sequences.Remove(sequence.Id);
        if (sequence.Outcome == Outcome.Finished) Finished++;
        else Gone++;
        if (Interlocked.Decrement(ref _live) == 0) _idle.Set();
    }

    public void Dispose()
    {
        _steps.CompleteAdding();
        _clock.Stop();
        _loop.Join();
        _engine.Join();
        _tape.Dispose();
        _clock.Dispose();
        _steps.Dispose();
        _idle.Dispose();
    }

    private void Serve()
    {
        try
        {
            _clock.Run(serveForever: true);
        }
        catch (ProcessFaultException fault)
        {
            _fault = fault;
            _idle.Set();
        }
    }

    private void Compute()
    {
        foreach ((StepRun run, ExternalWork work) in _steps.GetConsumingEnumerable())
        {
            Thread.SpinWait(_random.NextInt(2000));
            work.Complete(() => End(run));
        }
    }

    private void End(StepRun run)
    {
        List<StepYield> yields = [];
        _accepted.Clear();
        foreach (ref readonly PlanItem item in run.Plan.Items)
        {
            if (!item.Samples) continue;
            int accepted = item.DraftTokens == 0 ? 0 : _random.NextInt(item.DraftTokens + 1);
            _accepted[item.Sequence.Id] = accepted;
            int before = item.Sequence.GeneratedTokens;
            // The model ends one in forty; drafts that were right beyond the end do not count.
            int ends = _random.NextInt(40) == 0 ? before + 1 + _random.NextInt(accepted + 1) : -1;
            if (ends > item.Sequence.MaxTokens) ends = -1;
            yields.Add(new(item.Sequence, accepted, ends));
        }
        StepYield[] all = [.. yields];
        _tape.Completing(0, run, all);
        foreach (StepYield yield in all)
            if (yield.EndsAt >= 0) yield.Sequence.EndAt(yield.EndsAt);
        run.Complete(_clock.Now);
    }
}
