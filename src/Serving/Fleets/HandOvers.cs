using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Fleets;

/// <summary>
/// Prompts that were read at one replica go to another with their KV. Memory there is set aside before the first byte; memory here is freed
/// when the last byte has arrived.
/// </summary>
/// <remarks>
/// Everything is decided in the phase React: whoever ends a step at an instant has done so then, and whoever plans at it has not, so that
/// nothing depends on who was scheduled first.
/// </remarks>
internal sealed class HandOvers
{
    private readonly Clock _clock;
    private readonly HandOverOptions _options;
    private readonly ReplicaLinks _links;
    private readonly FleetMoves _moves;
    private readonly Func<int, FleetMember> _member;
    private readonly SortedDictionary<int, Queue<Waiting>> _queues = [];
    private readonly Dictionary<int, long> _underWay = [];
    private readonly SortedSet<int> _roomier = [];
    private readonly List<Sequence> _fresh = [];
    private readonly Signal _room;
    private bool _isRunning;

    public HandOvers(Clock clock, HandOverOptions options, ReplicaLinks links, FleetMoves moves, Func<int, FleetMember> member)
    {
        _clock = clock;
        _options = options;
        _links = links;
        _moves = moves;
        _member = member;
        _room = new(clock, "room for KV");
    }

    /// <summary>Told of the replica that a sequence has left.</summary>
    public Action<FleetMember>? Arrived { get; set; }

    /// <summary>Told of a sequence whose target has gone; its KV is where the prompt was read.</summary>
    public Action<Sequence>? Fallen { get; set; }

    /// <summary>Chooses where a sequence decodes and calls <see cref="Begin"/>; asked in the phase React, in the order of requests.</summary>
    public required Action<Sequence> Choose { get; init; }

    /// <summary>A sequence has its first token and goes elsewhere.</summary>
    public void Prefilled(Sequence sequence)
    {
        Start();
        _fresh.Add(sequence);
        _room.Set(Phase.React);
    }

    /// <summary>A sequence shall decode at a replica.</summary>
    /// <param name="sequence">Detached; its KV is at its present replica.</param>
    /// <param name="to">Number of the other replica.</param>
    public void Begin(Sequence sequence, int to)
    {
        Waiting waiting = new(sequence, _clock.Now);
        FleetMember source = _member(sequence.Replica);
        if (source.State == MemberState.Stopped)
        {
            FallBack(sequence, source);
            return;
        }
        if (_options.Mode == HandOverMode.Push)
        {
            _clock.Spawn("a hand-over", () => Push(waiting, _member(to)), background: true);
            return;
        }
        Start();
        if (!_queues.TryGetValue(to, out Queue<Waiting>? queue)) _queues.Add(to, queue = new());
        queue.Enqueue(waiting);
        _member(to).Replica.RoomChanged = () => HasRoom(to);
        HasRoom(to);
    }

    /// <summary>Sequences that wait for a replica that will not take them any more, in order; they need another one.</summary>
    public IEnumerable<Sequence> Forget(int to)
    {
        if (!_queues.Remove(to, out Queue<Waiting>? queue)) return [];
        _member(to).Replica.RoomChanged = null;
        return [.. queue.Select(waiting => waiting.Sequence).Where(sequence => !sequence.IsGone)];
    }

    /// <summary>A machine is gone: prompts that it read and that wait to go elsewhere are given up there with the others.</summary>
    public void Lose(FleetMember source)
    {
        foreach ((int to, Queue<Waiting> queue) in _queues)
        {
            for (int left = queue.Count; left > 0; left--)
            {
                Waiting waiting = queue.Dequeue();
                if (waiting.Sequence.IsGone) continue;
                if (waiting.Sequence.Replica != source.Replica.Index) queue.Enqueue(waiting);
                else source.Replica.Reattach(waiting.Sequence);
            }
            HasRoom(to);
        }
    }

    private void Start()
    {
        if (!_isRunning) _clock.Spawn("hand-overs", Fetch, background: true);
        _isRunning = true;
    }

    /// <summary>Something changed that may let a replica fetch.</summary>
    public void HasRoom(int to)
    {
        if (_roomier.Add(to)) _room.Set(Phase.React);
    }

    private async ValueTask Fetch()
    {
        while (true)
        {
            await _room.Wait(Instant.Never, Phase.React);
            // Prompts that end at one instant end in no order that means anything.
            _fresh.Sort(static (a, b) => a.Id.CompareTo(b.Id));
            for (int i = 0; i < _fresh.Count; i++)
                if (!_fresh[i].IsGone) Choose(_fresh[i]);
            _fresh.Clear();
            while (_roomier.Count > 0)
            {
                int to = _roomier.Min;
                _roomier.Remove(to);
                if (_queues.TryGetValue(to, out Queue<Waiting>? queue)) Pull(_member(to), queue);
            }
        }
    }

    private void Pull(FleetMember target, Queue<Waiting> queue)
    {
        while (queue.TryPeek(out Waiting head))
        {
            if (!head.Sequence.IsGone)
            {
                long waiting = target.Replica.QueuedKvBlocks + _underWay.GetValueOrDefault(target.Replica.Index);
                if (waiting > 0 && waiting >= _options.WaitingShare * target.Replica.Memory.TotalBlocks) return;
                int blocks = target.Replica.Memory.BlocksFor(head.Sequence.ComputedTokens);
                if (!target.Replica.TryReserve(blocks)) return;
                Ship(head, target, blocks);
            }
            queue.Dequeue();
        }
        target.Replica.RoomChanged = null;
    }

    private async ValueTask Push(Waiting waiting, FleetMember target)
    {
        Sequence sequence = waiting.Sequence;
        await _clock.Until(_clock.Now, Phase.React);
        int blocks = target.Replica.Memory.BlocksFor(sequence.ComputedTokens);
        FleetMember source = _member(sequence.Replica);
        while (!sequence.IsGone && source.State != MemberState.Stopped && target.State == MemberState.Serving)
        {
            if (target.Replica.TryReserve(blocks))
            {
                Ship(waiting, target, blocks);
                return;
            }
            await _clock.Delay(_options.Retry, Phase.React);
        }
        if (!sequence.IsGone) FallBack(sequence, source);
    }

    private void Ship(Waiting waiting, FleetMember target, int blocks)
    {
        int number = target.Replica.Index;
        _underWay[number] = _underWay.GetValueOrDefault(number) + blocks;
        _clock.Spawn("a hand-over", () => Transfer(waiting, target, blocks), background: true);
    }

    private async ValueTask Transfer(Waiting waiting, FleetMember target, int blocks)
    {
        Sequence sequence = waiting.Sequence;
        FleetMember source = _member(sequence.Replica);
        int tokens = sequence.ComputedTokens;
        long bytes = tokens * source.Replica.KvBytesPerToken;
        long hidden = Hidden(sequence, source, bytes);
        Instant began = _clock.Now;
        await _links.Send(source, target, bytes - hidden, _options.Setup);
        await _clock.Until(_clock.Now, Phase.React);
        _underWay[target.Replica.Index] -= blocks;
        if (sequence.IsGone || target.State == MemberState.Stopped || source.State == MemberState.Stopped)
        {
            target.Replica.Unreserve(blocks);
            if (!sequence.IsGone) FallBack(sequence, source);
            return;
        }
        _moves.HandOvers++;
        _moves.HandOverBytes += bytes;
        _moves.HiddenBytes += hidden;
        _moves.TransferTime += _clock.Now - began;
        _moves.HandOverTime += _clock.Now - waiting.Since;
        sequence.MovingFor += _clock.Now - waiting.Since;
        sequence.Moves++;
        sequence.HandsOver = false;
        source.Replica.LetGo(sequence);
        target.Replica.Accept(sequence, blocks, tokens);
        Arrived?.Invoke(source);
    }

    /// <summary>Where its own machine has gone, a sequence is given up there with the others; else it needs another target.</summary>
    private void FallBack(Sequence sequence, FleetMember source)
    {
        if (source.State == MemberState.Stopped) source.Replica.Reattach(sequence);
        else Fallen?.Invoke(sequence);
    }

    /// <summary>Bytes that went while the prompt computed, at what one transfer gets alone; the flow itself is of the rest.</summary>
    private long Hidden(Sequence sequence, FleetMember source, long bytes)
    {
        if (_options.Overlap == HandOverOverlap.None || sequence.PromptTokens < _options.OverlapFromTokens) return 0;
        double computed = (sequence.FirstToken - sequence.FirstScheduled).Seconds;
        double sent = computed * _links.AloneBytesPerSecond(source);
        long last = _options.Overlap == HandOverOverlap.Layers ? bytes / source.Replica.Layers : Math.Min(bytes, sequence.LastChunkTokens * source.Replica.KvBytesPerToken);
        return Math.Min(bytes - last, (long)Math.Min(sent, long.MaxValue / 2));
    }

    /// <param name="Sequence">Detached, with its KV where it was computed.</param>
    /// <param name="Since">When its prompt was done.</param>
    private readonly record struct Waiting(Sequence Sequence, Instant Since);
}
