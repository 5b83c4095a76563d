using Orrery.Kernel.Solvers;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>
/// Gives each position of the next configuration a GPU so that as much as possible of what GPUs already hold is used again: a matching
/// of largest weight on two levels.
/// </summary>
/// <remarks>
/// Miao et al., ASPLOS 2024, section 3.3; weights from the artefact (b). The GPUs of a machine form groups of min(M, GPUs of a machine),
/// which keep together so that a tensor group stays inside a machine. Level one matches the GPUs of a group to the tensor ranks of a slot,
/// for every pair of group and slot; level two matches groups to slots by the totals of level one. Slots left over get free machines.
/// </remarks>
/// <param name="profile">Sizes of the model.</param>
/// <param name="gpusPerMachine">A power of two.</param>
public sealed class DeviceMapper(LayerProfile profile, int gpusPerMachine)
{
    /// <summary>
    /// w(u, v): elements that the GPU at the old position can use again at the new one, per hidden unit. Layers in common · (6 + (12 h + 7 +
    /// B · ctx) · common share of the tensor dimension) + vocabulary + positions (+ vocabulary + 2 where both are last stages). B · ctx
    /// counts where the replica goes on with its batch, as do the batch's own buffers, (ctx + 3 h + 4) · B / h, which every rank holds.
    /// </summary>
    public double Weight(Position old, Configuration oldShape, Position next, Configuration nextShape, Continuation kept)
    {
        ArgumentNullException.ThrowIfNull(oldShape);
        ArgumentNullException.ThrowIfNull(nextShape);
        ArgumentNullException.ThrowIfNull(kept);
        const int perLayerReplicated = 6, biases = 7, headExtra = 2, bufferPerHidden = 3, bufferExtra = 4;
        double hidden = profile.Hidden, batch = kept.BatchKept(old.Replica, next.Replica), context = kept.ContextTokens;
        double everywhere = LayerProfile.Vocabulary + LayerProfile.Positions;
        if (batch > 0) everywhere += (context + (bufferPerHidden * hidden) + bufferExtra) * batch / hidden;
        if (old.Stage == oldShape.Stages - 1 && next.Stage == nextShape.Stages - 1) everywhere += LayerProfile.Vocabulary + headExtra;
        double layers = Common(old.Stage, profile.PaddedLayers / oldShape.Stages, next.Stage, profile.PaddedLayers / nextShape.Stages);
        double share = Common(old.Rank, 1.0 / oldShape.Tensor, next.Rank, 1.0 / nextShape.Tensor);
        return (layers * (perLayerReplicated + (((12 * hidden) + biases + (batch * context)) * share))) + everywhere;
    }

    /// <summary>The matching.</summary>
    /// <param name="old">What GPUs hold now; without those that go.</param>
    /// <param name="next">Positions to fill.</param>
    /// <param name="machines">Machines that stay or come, with room for all positions.</param>
    /// <param name="kept">Which replica goes on as which.</param>
    public Layout Match(Layout old, Configuration next, IReadOnlyList<int> machines, Continuation kept)
    {
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(next);
        int size = Math.Min(next.Tensor, gpusPerMachine);
        List<int[]> holders = [], free = [];
        foreach (int[] group in Groups(machines, size))
            (group.Any(gpu => old.PositionOf(gpu) is not null) ? holders : free).Add(group);
        Position[][] slots = [.. Layout.PositionsOf(next).Chunk(size)];
        var weights = new double[holders.Count, slots.Length];
        var ranks = new int[holders.Count, slots.Length][];
        for (int g = 0; g < holders.Count; g++)
            for (int s = 0; s < slots.Length; s++)
                (weights[g, s], ranks[g, s]) = Within(holders[g], slots[s], old, next, kept);
        int[] slotOf = Assignment.Maximise(weights);
        Layout layout = new(next);
        var taken = new bool[slots.Length];
        for (int g = 0; g < holders.Count; g++)
        {
            if (slotOf[g] == Assignment.None) continue;
            taken[slotOf[g]] = true;
            for (int i = 0; i < size; i++) layout.Place(holders[g][i], slots[slotOf[g]][ranks[g, slotOf[g]][i]]);
        }
        Fill(layout, free, slots, taken);
        return layout;
    }

    /// <summary>GPUs in the order of their numbers: what happens without matching, in the baseline and at the start.</summary>
    public Layout InOrder(Configuration next, IEnumerable<int> machines)
    {
        ArgumentNullException.ThrowIfNull(next);
        Layout layout = new(next);
        using IEnumerator<int> gpus = machines.Order().SelectMany(GpusOf).GetEnumerator();
        foreach (Position position in Layout.PositionsOf(next))
        {
            gpus.MoveNext();
            layout.Place(gpus.Current, position);
        }
        return layout;
    }

    /// <summary>Everything that runs stays; further replicas get free groups.</summary>
    public Layout Extend(Layout old, Configuration next, IReadOnlyList<int> machines)
    {
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(next);
        Layout layout = new(next);
        foreach (int gpu in old.Gpus) layout.Place(gpu, old.PositionOf(gpu)!.Value);
        int size = Math.Min(next.Tensor, gpusPerMachine);
        Position[][] slots = [.. Layout.PositionsOf(next).Chunk(size)];
        bool[] taken = [.. slots.Select(slot => layout.GpuAt(slot[0]) is not null)];
        Fill(layout, [.. Groups(machines, size).Where(group => group.All(gpu => old.PositionOf(gpu) is null))], slots, taken);
        return layout;
    }

    /// <summary>GPUs of a machine.</summary>
    public IEnumerable<int> GpusOf(int machine) => Enumerable.Range(machine * gpusPerMachine, gpusPerMachine);

    private (double Weight, int[] Ranks) Within(int[] group, Position[] slot, Layout old, Configuration next, Continuation kept)
    {
        var weights = new double[group.Length, slot.Length];
        for (int i = 0; i < group.Length; i++)
            if (old.PositionOf(group[i]) is { } position)
                for (int j = 0; j < slot.Length; j++) weights[i, j] = Weight(position, old.Shape, slot[j], next, kept);
        int[] ranks = Assignment.Maximise(weights);
        return (Assignment.Total(weights, ranks), ranks);
    }

    private IEnumerable<int[]> Groups(IReadOnlyList<int> machines, int size) => machines.Order().SelectMany(machine => GpusOf(machine).Chunk(size));

    private static void Fill(Layout layout, List<int[]> free, Position[][] slots, bool[] taken)
    {
        int at = 0;
        for (int s = 0; s < slots.Length; s++)
        {
            if (taken[s]) continue;
            for (int i = 0; i < slots[s].Length; i++) layout.Place(free[at][i], slots[s][i]);
            at++;
        }
    }

    /// <summary>Length of the intersection of [a · width, (a + 1) · width) with the same of b.</summary>
    private static double Common(int a, double widthA, int b, double widthB) =>
        Math.Max(0, Math.Min((a + 1) * widthA, (b + 1) * widthB) - Math.Max(a * widthA, b * widthB));
}
