using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.Splitwise;

/// <summary>
/// Splitwise's cluster scheduler (Patel et al., ISCA 2024; simulator, b). At each arrival: the prompt machine with the fewest pending tokens
/// and the token machine with the least reserved memory, unless one is full; then the same of the mixed pool. Where a phase finds none, a
/// machine of the other pool joins the mixed pool; where that finds none, the machine with the fewest pending tokens runs both phases. A
/// mixed machine without requests goes home.
/// </summary>
/// <remarks>
/// Memory is counted in tokens: all machines of a fleet hold KV of one model. Booked are the prompt on its machine until it is done, prompt
/// and predicted output on the other until the request leaves; without a prediction the client's limit.
/// </remarks>
public sealed class SplitwiseRouter(bool pools, int maxPendingTokens) : IRouter
{
    private readonly Dictionary<int, SplitwiseMachine> _machines = [];
    private readonly Dictionary<long, SplitwisePlacement> _placements = [];

    /// <summary>Machines that are in the mixed pool now without belonging there.</summary>
    public int Borrowed => _machines.Values.Count(machine => machine.Pool != machine.Home);

    public bool SeesAllRoles => true;

    public int Choose(Sequence sequence, IFleetView fleet) => Place(sequence, fleet).Replica;

    public Route Place(Sequence sequence, IFleetView fleet)
    {
        int whole = sequence.PromptTokens + (sequence.PredictedOutputTokens > 0 ? Math.Min(sequence.PredictedOutputTokens, sequence.MaxTokens) : sequence.MaxTokens);
        int prompt = -1;
        int token = -1;
        if (pools)
        {
            int? reads = PromptMachine(fleet, sequence.PromptTokens, ReplicaRole.Prefill) ?? PromptMachine(fleet, sequence.PromptTokens, ReplicaRole.Mixed);
            int? decodes = TokenMachine(fleet, whole, ReplicaRole.Decode) ?? TokenMachine(fleet, whole, ReplicaRole.Mixed);
            prompt = reads ?? Borrow(LeastPending(fleet, ReplicaRole.Decode), fleet) ?? -1;
            token = decodes ?? Borrow(LeastReserved(fleet, ReplicaRole.Prefill), fleet) ?? -1;
        }
        if (prompt < 0 || token < 0) prompt = token = LeastPending(fleet, null) ?? throw new InvalidOperationException("there is no machine to choose from");
        Book(sequence, new(fleet.IdOf(prompt), fleet.IdOf(token), sequence.PromptTokens, whole));
        return new(prompt, token);
    }

    public void Prefilled(Sequence sequence)
    {
        if (_placements.TryGetValue(sequence.Id, out SplitwisePlacement? placement)) EndPrompt(placement);
    }

    public void Left(Sequence sequence)
    {
        if (!_placements.Remove(sequence.Id, out SplitwisePlacement? placement)) return;
        EndPrompt(placement);
        Book(placement.Token, -1, -placement.WholeTokens, -1);
    }

    /// <summary>The fewest pending tokens of a pool; null when its pool is empty or even that machine has too many to wait behind.</summary>
    private int? PromptMachine(IFleetView fleet, int promptTokens, ReplicaRole pool)
    {
        if (LeastPending(fleet, pool) is not { } best) return null;
        bool isFull = fleet.Report(best).Waiting > 0 && Machine(fleet, best).PendingTokens + promptTokens > maxPendingTokens;
        return isFull ? null : best;
    }

    /// <summary>The least reserved memory of a pool; null when its pool is empty or even that machine has no room.</summary>
    private int? TokenMachine(IFleetView fleet, int wholeTokens, ReplicaRole pool)
    {
        if (LeastReserved(fleet, pool) is not { } best) return null;
        ReplicaReport report = fleet.Report(best);
        return Machine(fleet, best).ReservedTokens + wholeTokens >= (long)report.TotalBlocks * report.BlockTokens ? null : best;
    }

    private int? Borrow(int? index, IFleetView fleet)
    {
        if (index is { } borrowed) Machine(fleet, borrowed).Pool = ReplicaRole.Mixed;
        return index;
    }

    private int? LeastPending(IFleetView fleet, ReplicaRole? pool) => Least(fleet, pool, static machine => machine.PendingTokens);

    private int? LeastReserved(IFleetView fleet, ReplicaRole? pool) => Least(fleet, pool, static machine => machine.ReservedTokens);

    private int? Least(IFleetView fleet, ReplicaRole? pool, Func<SplitwiseMachine, long> measure)
    {
        int? best = null;
        long least = long.MaxValue;
        for (int i = 0; i < fleet.Count; i++)
        {
            SplitwiseMachine machine = Machine(fleet, i);
            if (pool is { } wanted && machine.Pool != wanted) continue;
            long load = measure(machine);
            if (load >= least) continue;
            least = load;
            best = i;
        }
        return best;
    }

    private SplitwiseMachine Machine(IFleetView fleet, int index)
    {
        int id = fleet.IdOf(index);
        if (_machines.TryGetValue(id, out SplitwiseMachine? machine)) return machine;
        return _machines[id] = new(fleet.RoleOf(index));
    }

    private void Book(Sequence sequence, SplitwisePlacement placement)
    {
        _placements[sequence.Id] = placement;
        // On one machine the prompt is part of the whole.
        Book(placement.Prompt, placement.PromptTokens, placement.Prompt == placement.Token ? 0 : placement.PromptTokens, 1);
        Book(placement.Token, 1, placement.WholeTokens, 1);
    }

    private void EndPrompt(SplitwisePlacement placement)
    {
        if (placement.IsPromptDone) return;
        placement.IsPromptDone = true;
        Book(placement.Prompt, -placement.PromptTokens, placement.Prompt == placement.Token ? 0 : -placement.PromptTokens, -1);
    }

    private void Book(int id, int pendingTokens, int reservedTokens, int phases)
    {
        SplitwiseMachine machine = _machines[id];
        machine.PendingTokens += pendingTokens;
        machine.ReservedTokens += reservedTokens;
        machine.Phases += phases;
        if (machine.Phases == 0) machine.Pool = machine.Home;
    }
}
