using Orrery.Kernel;

namespace Orrery.Serving.Systems.BlockLlm;

/// <summary>
/// First placement. Engines with whole models go by memory alone, as those of the baselines do: largest first, each onto the device with the
/// most room (c). Blocks go by locality (c): those with the most hand-overs between them come onto one server while it has room; the devices
/// of a server are one NVLink group and share its blocks by load.
/// </summary>
internal static class BlockPlacement
{
    /// <summary>What a neighbour on the same server is worth against one on the same device (d).</summary>
    private const double SameServer = 0.5;

    /// <param name="zoo">Blocks and chains.</param>
    /// <param name="loadOf">Relative compute that a block's requests bring.</param>
    /// <param name="options">Cluster and weights.</param>
    /// <param name="capacityBytes">Memory of a device for weights and KV.</param>
    /// <returns>The device of every block.</returns>
    /// <exception cref="InputException">The blocks do not fit.</exception>
    public static int[] Place(BlockZoo zoo, Func<ModelBlock, double> loadOf, BlockLlmOptions options, long capacityBytes)
    {
        var plan = new Plan(zoo, [.. zoo.Blocks.Select(loadOf)], options, capacityBytes);
        bool byLocality = options is { Store: StoreKind.Blocks, Locality: true };
        List<List<int>> runs = [.. zoo.Blocks.Select(block => new List<int> { block.Id })];
        if (byLocality) runs = Join(zoo, runs, plan.SoftBytes * options.DevicesPerServer);
        // Large runs first, where memory is what binds, and among equals the busier; engines know no load.
        foreach (List<int> run in runs.OrderByDescending(plan.Bytes).ThenByDescending(run => options.Store == StoreKind.Blocks ? plan.Load(run) : 0).ThenBy(run => run[0]))
        {
            int server = byLocality ? plan.ServerFor(run) : -1;
            foreach (int block in run.OrderByDescending(block => zoo.Blocks[block].Bytes).ThenBy(block => block)) plan.Put(block, server);
        }
        return plan.At;
    }

    /// <summary>How near a block is to its neighbours in chains, weighted by the tokens that pass between them, from 0 to 1.</summary>
    /// <param name="zoo">Blocks and chains.</param>
    /// <param name="block">Whose neighbours.</param>
    /// <param name="nearness">1 for a neighbour on the same device, 0 for one elsewhere.</param>
    public static double Nearness(BlockZoo zoo, int block, Func<int, double> nearness)
    {
        double near = 0;
        double all = 0;
        foreach (((int from, int to), double rate) in zoo.HandOvers)
        {
            if (from != block && to != block) continue;
            all += rate;
            near += rate * nearness(from == block ? to : from);
        }
        return all > 0 ? near / all : 0;
    }

    /// <summary>How near two devices are: 1 for the same, less for the same server, 0 otherwise.</summary>
    public static double Nearness(int device, int other, int devicesPerServer) =>
        device == other ? 1 : device / devicesPerServer == other / devicesPerServer ? SameServer : 0;

    /// <summary>Joins blocks along their hand-overs, the most frequent first, while a server holds them.</summary>
    private static List<List<int>> Join(BlockZoo zoo, List<List<int>> runs, long limit)
    {
        int[] runOf = [.. Enumerable.Range(0, runs.Count)];
        foreach (((int from, int to), _) in zoo.HandOvers.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key.From).ThenBy(pair => pair.Key.To))
        {
            (int kept, int gone) = (runOf[from], runOf[to]);
            if (kept == gone || runs[kept].Concat(runs[gone]).Sum(block => zoo.Blocks[block].Bytes) > limit) continue;
            foreach (int block in runs[gone]) runOf[block] = kept;
            runs[kept].AddRange(runs[gone]);
            runs[gone].Clear();
        }
        return [.. runs.Where(run => run.Count > 0)];
    }

    /// <summary>What lies where so far.</summary>
    private sealed class Plan(BlockZoo zoo, double[] loads, BlockLlmOptions options, long capacityBytes)
    {
        private readonly double[] _load = new double[options.Servers * options.DevicesPerServer];
        private readonly long[] _used = new long[options.Servers * options.DevicesPerServer];
        private readonly double _meanLoad = loads.Sum() / (options.Servers * options.DevicesPerServer);

        public long SoftBytes { get; } = (long)(capacityBytes * (1 - options.KvShare));

        public int[] At { get; } = [.. Enumerable.Repeat(-1, zoo.Blocks.Count)];

        public long Bytes(List<int> run) => run.Sum(block => zoo.Blocks[block].Bytes);

        public double Load(List<int> run) => run.Sum(block => loads[block]);

        /// <summary>The server for a run: one with room for all of it if there is one, its neighbours and its load deciding.</summary>
        public int ServerFor(List<int> run)
        {
            int per = options.DevicesPerServer;
            return Enumerable.Range(0, options.Servers)
                .OrderByDescending(server => (SoftBytes * per) - _used.AsSpan(server * per, per).ToArray().Sum() >= Bytes(run))
                .ThenBy(server => ((_load.AsSpan(server * per, per).ToArray().Sum() + Load(run)) / (_meanLoad * per)) - (options.LocalityWeight * run.Average(block => Near(block, server * per))))
                .ThenBy(server => server)
                .First();
        }

        /// <summary>Places a block on the asked server where that has room, otherwise wherever its load and its neighbours suggest.</summary>
        public void Put(int block, int server)
        {
            int best = server >= 0 ? Choose(block, SoftBytes, server) : -1;
            if (best < 0) best = Choose(block, SoftBytes, -1);
            if (best < 0) best = Choose(block, capacityBytes, -1);
            if (best < 0)
                throw new InputException(
                    $"experiment blockllm: {zoo.Blocks[block].Name} with {zoo.Blocks[block].Bytes / 1e9:0.#} GB finds no room on {_used.Length} devices; give more servers or fewer applications");
            At[block] = best;
            _load[best] += loads[block];
            _used[best] += zoo.Blocks[block].Bytes;
        }

        private int Choose(int block, long limit, int server)
        {
            int chosen = -1;
            double least = double.PositiveInfinity;
            for (int device = 0; device < _used.Length; device++)
            {
                if (_used[device] + zoo.Blocks[block].Bytes > limit || (server >= 0 && device / options.DevicesPerServer != server)) continue;
                double near = options.Locality && server < 0 ? Near(block, device) : 0;
                double score = options.Store == StoreKind.Blocks ? ((_load[device] + loads[block]) / _meanLoad) - (options.LocalityWeight * near) : _used[device];
                if (score < least) (chosen, least) = (device, score);
            }
            return chosen;
        }

        private double Near(int block, int device) => Nearness(zoo, block, other => At[other] < 0 ? 0 : Nearness(device, At[other], options.DevicesPerServer));
    }
}
