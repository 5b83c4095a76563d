using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Vtc;

/// <summary>
/// Fair queueing by virtual token counters (Sheng et al., OSDI 2024): admission takes the oldest request of the queued client with the
/// smallest counter and stops at the first that does not fit; the client pays for its prompt then and for its output as it comes.
/// </summary>
/// <remarks>
/// Two backlogged clients differ in service by at most 2·max(w_in·L_input, w_out·M), M the KV tokens. The lift uses the other queued
/// clients only; when none is queued the counter stays. Admitted prompts run as a prefill-only step. The memory test trusts predictions;
/// when one was too short and no block is free the last to come is preempted by recompute, goes to its client's front and is not charged
/// again (our rule, d).
/// </remarks>
public sealed class Vtc : IScheduler
{
    /// <summary>With more queued clients than this, planning every step is cheaper than proving that none could enter.</summary>
    private const int MostClientsExamined = 8;

    private static readonly Duration Minute = Duration.FromSeconds(60);

    private readonly VtcOptions _options;
    private readonly AdmissionLimits _limits;
    private readonly ServicePrice _price;
    private readonly double[] _weights;
    private readonly Dictionary<int, ClientAccount> _accounts = [];
    private readonly List<ClientAccount> _queued = [];
    private readonly Dictionary<Sequence, long> _charged = [];
    private readonly PeakMemory _peak = new();
    private readonly RunningList _running;
    private bool _lastWasPrompt;

    public Vtc(VtcOptions options, AdmissionLimits limits)
    {
        _options = options;
        _limits = limits;
        _price = new(options);
        _weights = options.ReadClientWeights();
        _running = new(SequenceOrder.ByArrival, sequence => Queue(sequence, first: true));
    }

    public int WaitingCount { get; private set; }

    public int RunningCount => _running.Count;

    public string? Refuses(Sequence sequence, IKvMemory memory) => WholePrompts.Refuse(sequence, memory, _limits);

    public void Enqueue(Sequence sequence) => Resume(sequence, first: false);

    /// <summary>First among its client's: between clients the counters decide.</summary>
    public void Resume(Sequence sequence, bool first)
    {
        ClientAccount account = Account(sequence.Client);
        if (_options.Lift && account.Queue.Count == 0 && _queued.Count > 0) account.LiftTo(_queued.Min(other => other.Counter));
        Queue(sequence, first);
    }

    public void Remove(Sequence sequence)
    {
        ClientAccount account = Account(sequence.Client);
        if (_charged.Remove(sequence, out long charged)) account.Charged += _price.Final(sequence) - charged;
        if (_running.Remove(sequence) || !account.Queue.Remove(sequence)) return;
        Dequeued(account);
    }

    public void Plan(ReplicaView view, StepPlan plan)
    {
        _lastWasPrompt = Admit(view, plan);
        if (!_lastWasPrompt) _running.Decode(view.Memory, plan);
    }

    /// <summary>
    /// Decodes repeat while nobody could enter, whichever client comes to have the smallest counter. The need of the memory test falls by
    /// at most one token per step, so a head that misses it by g tokens misses it for g more steps. Arrivals matter: they lift counters.
    /// </summary>
    public Stability Stable(ReplicaView view, StepPlan plan)
    {
        // A prompt step can look like decodes, when a cache holds all but one token of a preempted sequence.
        if (_lastWasPrompt) return Stability.OneStep;
        if (_queued.Count == 0) return Stability.UntilArrival;
        if (_options.RequestsPerMinute is not null) return Stability.OneStep;
        if (_running.Count >= _limits.Sequences) return Stability.UntilArrival;
        if (_queued.Count > MostClientsExamined) return Stability.OneStep;
        long steps = int.MaxValue;
        foreach (ClientAccount account in _queued) steps = Math.Min(steps, _peak.Excess(_running, account.Queue.Peek(), view.Memory) + 1);
        return steps <= 1 ? Stability.OneStep : new((int)steps, ArrivalsMatter: true);
    }

    public void Advance(StepPlan plan, int steps)
    {
        foreach (ref readonly PlanItem item in plan.Items) Charge(item.Sequence);
    }

    private bool Admit(ReplicaView view, StepPlan plan)
    {
        long minute = view.Now.Nanoseconds / Minute.Nanoseconds;
        int batched = 0;
        while (_running.Count < _limits.Sequences && Next(minute, plan) is { } account)
        {
            Sequence head = account.Queue.Peek();
            if (batched > 0 && batched + head.MissingTokens - view.Memory.CachedTokens(head) > _limits.BatchedTokens) break;
            // Alone it is within what the replica accepts.
            if (_running.Count > 0 && _peak.Excess(_running, head, view.Memory) >= 0) break;
            if (!view.Memory.TryGrow(head, head.TotalTokens)) break;
            account.Queue.RemoveFirst();
            Dequeued(account);
            if (head.Preemptions == 0) account.CountAdmission(minute);
            _running.Add(head);
            batched += head.MissingTokens;
            plan.Add(head, head.MissingTokens);
            Charge(head);
        }
        return batched > 0;
    }

    /// <summary>The queued client to serve next: smallest counter or oldest head, then smallest index. Null when all are held.</summary>
    private ClientAccount? Next(long minute, StepPlan plan)
    {
        ClientAccount? best = null;
        foreach (ClientAccount account in _queued)
        {
            // Whoever was admitted before and preempted is no new request.
            bool isNew = account.Queue.Peek().Preemptions == 0;
            if (isNew && account.AdmittedIn(minute) >= (_options.RequestsPerMinute ?? int.MaxValue))
                plan.RetryAt = Instant.Zero + Minute * (minute + 1);
            else if (best is null || Goes(account, best))
                best = account;
        }
        return best;
    }

    private bool Goes(ClientAccount account, ClientAccount before)
    {
        if (_options.Order == ServiceOrder.Arrival) return SequenceOrder.ByArrival.Compare(account.Queue.Peek(), before.Queue.Peek()) < 0;
        double difference = account.Counter - before.Counter;
        return difference < 0 || (difference == 0 && account.Client < before.Client);
    }

    /// <summary>Brings the client's counter up to what the sequence is worth now.</summary>
    private void Charge(Sequence sequence)
    {
        long price = _price.WhileServed(sequence);
        Account(sequence.Client).Charged += price - _charged.GetValueOrDefault(sequence);
        _charged[sequence] = price;
    }

    private void Queue(Sequence sequence, bool first)
    {
        ClientAccount account = Account(sequence.Client);
        if (account.Queue.Count == 0) _queued.Add(account);
        if (first) account.Queue.AddFirst(sequence);
        else account.Queue.Add(sequence);
        WaitingCount++;
    }

    private void Dequeued(ClientAccount account)
    {
        WaitingCount--;
        if (account.Queue.Count == 0) _queued.Remove(account);
    }

    private ClientAccount Account(int client)
    {
        if (_accounts.TryGetValue(client, out ClientAccount? account)) return account;
        account = new(client, (uint)client < (uint)_weights.Length ? _weights[client] : 1);
        _accounts.Add(client, account);
        return account;
    }
}
