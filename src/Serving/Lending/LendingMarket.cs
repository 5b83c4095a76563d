using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Lending;

/// <summary>
/// KV memory of a fleet as one market. A manager hears heartbeats, decides by its policy on what they said, and sends orders; a debtor asks the
/// creditor to reserve, which promises what it can spare by then or refuses; blocks are copied, change owner between two of the debtor's
/// steps, and are free at the source; what is needed no more is given back by message.
/// </summary>
/// <remarks>
/// First come, first served at each creditor, without a lock over instances: a promise is kept by whoever made it (arXiv 2401.02669, c). Copies of
/// one debtor follow each other through its port.
/// </remarks>
public sealed partial class LendingMarket
{
    private readonly Clock _clock;
    private readonly IReadOnlyList<ILendingHost> _hosts;
    private readonly IReadOnlyList<LendingAgent> _agents;
    private readonly ILendingPolicy _policy;
    private readonly LendingFacts _facts;
    private readonly LendingSpec _spec;
    private readonly Func<bool> _isOver;
    private readonly LendingPost _post;
    private readonly Instant[] _portFree;
    private readonly bool[] _gone;
    private readonly Dictionary<Sequence, int> _copying = [];

    /// <param name="clock">Time.</param>
    /// <param name="hosts">The replicas, in order of index.</param>
    /// <param name="agents">The parts of lending that live in them.</param>
    /// <param name="policy">Decides.</param>
    /// <param name="facts">What it knows.</param>
    /// <param name="spec">Constants of the protocol.</param>
    /// <param name="isOver">No request is left and none will come.</param>
    public LendingMarket(
        Clock clock, IReadOnlyList<ILendingHost> hosts, IReadOnlyList<LendingAgent> agents, ILendingPolicy policy, LendingFacts facts, LendingSpec spec, Func<bool> isOver)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(agents);
        _clock = clock;
        _hosts = hosts;
        _agents = agents;
        _policy = policy;
        _facts = facts;
        _spec = spec;
        _isOver = isOver;
        _post = new(clock, spec.Message);
        _portFree = new Instant[agents.Count];
        _gone = new bool[agents.Count];
        Ledger = new([.. agents.Select(static agent => agent.Memory.TotalBlocks)], facts.LendLimit);
        foreach (LendingAgent agent in agents)
        {
            int debtor = agent.Index;
            agent.Memory.OnReturned = (holder, blocks) => GiveBack(holder, debtor, blocks);
            agent.OnAttends = (holder, tokens) => _post.Send(debtor, () => Attend(holder, debtor, tokens));
        }
        clock.Spawn("lending rounds", Rounds, background: true);
    }

    /// <summary>Who owes whom.</summary>
    public LendingLedger Ledger { get; }

    /// <summary>Rounds of decisions.</summary>
    public long RoundCount { get; private set; }

    /// <summary>Blocks that were asked for, promised, copied out and taken back.</summary>
    public long AskedBlocks { get; private set; }

    /// <inheritdoc cref="AskedBlocks"/>
    public long PromisedBlocks { get; private set; }

    /// <inheritdoc cref="AskedBlocks"/>
    public long CopiedBlocks { get; private set; }

    /// <inheritdoc cref="AskedBlocks"/>
    public long TakenBackBlocks { get; private set; }

    /// <summary>Requests to reserve that got nothing: the heartbeat was too old.</summary>
    public long Refusals { get; private set; }

    /// <summary>An instance is gone with what it held; owners compute their prompts again.</summary>
    public void Die(int instance)
    {
        _gone[instance] = true;
        Ledger.Forget(instance);
        foreach (LendingAgent agent in _agents)
        {
            if (agent.Index == instance) continue;
            agent.Work.SetGuests(instance, []);
            // Everything that runs ends its step; then those that have lost tokens queue again.
            foreach (Sequence sequence in agent.Memory.HeldBy(instance)) _hosts[agent.Index].Recompute(sequence);
            agent.BetweenSteps(() => Forget(agent.Memory, instance));
            _hosts[agent.Index].Reconsider();
        }
    }

    /// <summary>Promises of an instance that is gone, and tokens of sequences that wait for tools: nobody computes with those now.</summary>
    private static void Forget(LendingMemory memory, int instance)
    {
        foreach (Sequence sequence in memory.Lose(instance))
        {
            memory.Release(sequence);
            sequence.ComputedTokens = 0;
        }
    }

    private async ValueTask Rounds()
    {
        List<LendingOrder> orders = [];
        Instant next = Instant.Zero + _spec.Interval;
        while (true)
        {
            await _clock.Until(next, Phase.React);
            if (_isOver()) return;
            ReturnStaleCredits();
            LendingReport[] reports = [.. _agents.Select(Report)];
            next += _spec.Interval;
            if (_spec.Delay > Duration.Zero) await _clock.Delay(_spec.Delay, Phase.React);
            orders.Clear();
            _policy.Plan(reports, _facts, RoundCount++, orders);
            CheckRoles(orders);
            foreach (LendingOrder order in orders) _post.Send(-1, () => Obey(order));
        }
    }

    private void ReturnStaleCredits()
    {
        Duration patience = _spec.Interval * LendingSpec.CreditRounds;
        if (_clock.Now < Instant.Zero + patience) return;
        foreach (LendingAgent agent in _agents) agent.Memory.ReturnCredits(_clock.Now - patience);
    }

    private static void CheckRoles(List<LendingOrder> orders)
    {
        HashSet<int> debtors = [.. orders.Where(static order => order.Kind != LendingKind.TakeBack).Select(static order => order.Debtor)];
        foreach (LendingOrder order in orders)
            if (order.Kind != LendingKind.TakeBack && debtors.Contains(order.Creditor)) throw new InvalidOperationException($"instance {order.Creditor} would lend and borrow in one round");
    }

    private void Obey(LendingOrder order)
    {
        if (_gone[order.Debtor] || _gone[order.Creditor]) return;
        if (order.Kind == LendingKind.TakeBack) TakeBack(order);
        else
        {
            AskedBlocks += order.Blocks;
            _post.Send(order.Debtor, () => Reserve(order));
        }
    }

    /// <summary>At the creditor: what it can spare now, or nothing.</summary>
    private void Reserve(LendingOrder order)
    {
        if (_gone[order.Debtor] || _gone[order.Creditor]) return;
        ILendingHost host = _hosts[order.Creditor];
        int total = _agents[order.Creditor].Memory.TotalBlocks;
        int spare = Math.Min(total - host.UsedBlocks - (int)(_facts.KeptShare * total), Ledger.LimitOf(order.Creditor) - Ledger.LentBy(order.Creditor));
        int blocks = Math.Min(order.Blocks, spare);
        if (blocks <= 0 || !host.TryReserve(blocks))
        {
            Refusals++;
            return;
        }
        Ledger.Promise(order.Creditor, order.Debtor, blocks);
        PromisedBlocks += blocks;
        _post.Send(order.Creditor, () => Acknowledge(order, blocks));
    }

    /// <summary>At the debtor: blocks are promised.</summary>
    private void Acknowledge(LendingOrder order, int blocks)
    {
        if (_gone[order.Debtor] || _gone[order.Creditor]) return;
        LendingAgent agent = _agents[order.Debtor];
        if (order.Kind == LendingKind.Place)
        {
            Ledger.Accept(order.Creditor, order.Debtor, blocks, copying: 0);
            agent.Memory.AddCredit(order.Creditor, blocks, _clock.Now);
            _hosts[order.Debtor].Reconsider();
            return;
        }
        int copied = Find(order) is { } sequence ? Math.Min(blocks, Movable(order.Debtor, sequence)) : 0;
        Ledger.Accept(order.Creditor, order.Debtor, blocks, copied);
        if (copied > 0) StartCopy(order, Find(order)!, copied);
        if (copied < blocks) GiveBack(order.Creditor, order.Debtor, blocks - copied);
    }

    private void StartCopy(LendingOrder order, Sequence sequence, int blocks)
    {
        _copying[sequence] = _copying.GetValueOrDefault(sequence) + blocks;
        int lives = sequence.Preemptions;
        _post.SendAt(order.Debtor, Through(order.Debtor, order.Creditor, blocks), () => Between(order, isLost =>
        {
            EndCopy(sequence, blocks);
            if (isLost) return;
            Ledger.Arrive(order.Creditor, order.Debtor, blocks);
            // Who left or lost its memory meanwhile has nothing there.
            bool isSame = sequence.Outcome == Outcome.Live && sequence.Preemptions == lives && sequence.KvBlocks > 0;
            if (isSame) CopiedBlocks += _agents[order.Debtor].Memory.MoveOut(sequence, order.Creditor, blocks);
            else GiveBack(order.Creditor, order.Debtor, blocks);
        }));
    }

    /// <summary>At the debtor, which has room for its own blocks: those that the creditor needs come home.</summary>
    private void TakeBack(LendingOrder order)
    {
        ILendingHost host = _hosts[order.Debtor];
        LendingMemory memory = _agents[order.Debtor].Memory;
        Sequence? sequence = memory.Scattered.Where(s => !_copying.ContainsKey(s) && At(s) > 0).OrderByDescending(At).ThenBy(static s => s.Id).FirstOrDefault();
        if (sequence is null) return;
        int room = memory.TotalBlocks - host.UsedBlocks - (int)(_facts.KeptShare * memory.TotalBlocks);
        int blocks = Math.Min(Math.Min(order.Blocks, At(sequence)), room);
        if (blocks <= 0 || !host.TryReserve(blocks)) return;
        _copying[sequence] = blocks;
        _post.SendAt(order.Debtor, Through(order.Creditor, order.Debtor, blocks), () => Between(order, isLost =>
        {
            EndCopy(sequence, blocks);
            if (isLost) memory.Unreserve(blocks);
            else TakenBackBlocks += memory.MoveHome(sequence, order.Creditor, blocks);
        }));

        int At(Sequence s) => memory.PartsOf(s).Where(part => part.Holder == order.Creditor).Sum(static part => part.Blocks);
    }

    private void EndCopy(Sequence sequence, int blocks)
    {
        if (_copying.TryGetValue(sequence, out int all) && all > blocks) _copying[sequence] = all - blocks;
        else _copying.Remove(sequence);
    }

    /// <summary>The table of blocks changes between two steps of the debtor. True is told when the creditor is gone by then.</summary>
    private void Between(LendingOrder order, Action<bool> commit)
    {
        if (_gone[order.Debtor]) return;
        _agents[order.Debtor].BetweenSteps(() => commit(_gone[order.Creditor]));
        _hosts[order.Debtor].Reconsider();
    }

    /// <summary>When blocks that leave now have arrived: after those before them in the sender's port.</summary>
    private Instant Through(int from, int to, int blocks)
    {
        Instant start = Instant.Max(_clock.Now, _portFree[from]);
        _portFree[from] = start + _facts.Prices.Copy(from, to, blocks);
        return _portFree[from] + Duration.FromSeconds(_facts.Prices.Network.Between(from, to).LatencySeconds);
    }

    private void GiveBack(int creditor, int debtor, int blocks)
    {
        if (blocks == 0 || _gone[creditor] || _gone[debtor]) return;
        Ledger.Leave(creditor, debtor, blocks);
        _post.Send(debtor, () =>
        {
            if (_gone[creditor] || _gone[debtor]) return;
            Ledger.Return(creditor, debtor, blocks);
            _hosts[creditor].Unreserve(blocks);
        });
    }

    private void Attend(int holder, int owner, int[] tokens)
    {
        if (_gone[holder] || _gone[owner]) return;
        _agents[holder].Work.SetGuests(owner, tokens);
        _hosts[holder].Reconsider();
    }
}
