using Orrery.Kernel;

namespace Orrery.Serving.Systems.BlockLlm;

/// <summary>
/// First placement: blocks by the load they bring, each onto the device that its load and its neighbours suggest. A neighbour in a chain on
/// the device counts in full, one on the server by half, weighted by how often tokens pass between them (c).
/// </summary>
internal static class BlockPlacement
{
    private const double SameServer = 0.5;

    /// <param name="zoo">Blocks and chains.</param>
    /// <param name="loadOf">Relative compute that a block's requests bring.</param>
    /// <param name="options">Cluster and weights.</param>
    /// <param name="capacityBytes">Memory of a device for weights and KV.</param>
    /// <returns>The device of every block.</returns>
    /// <exception cref="InputException">The blocks do not fit.</exception>
    public static int[] Place(BlockZoo zoo, Func<ModelBlock, double> loadOf, BlockLlmOptions options, long capacityBytes)
    {
        int devices = options.Servers * options.DevicesPerServer;
        double[] load = new double[devices];
        long[] used = new long[devices];
        int[] at = [.. Enumerable.Repeat(-1, zoo.Blocks.Count)];
        Dictionary<(int, int), double> handOvers = HandOvers(zoo);
        double[] loads = [.. zoo.Blocks.Select(loadOf)];
        double mean = loads.Sum() / devices;
        long soft = (long)(capacityBytes * (1 - options.KvShare));
        // Large blocks first where memory is what binds, and among equals the busier.
        foreach (int block in Enumerable.Range(0, at.Length).OrderByDescending(block => zoo.Blocks[block].Bytes).ThenByDescending(block => loads[block]).ThenBy(block => block))
        {
            int best = Choose(soft);
            if (best < 0) best = Choose(capacityBytes);
            if (best < 0)
                throw new InputException(
                    $"experiment blockllm: {zoo.Blocks[block].Name} with {zoo.Blocks[block].Bytes / 1e9:0.#} GB finds no room on {devices} devices; give more servers or fewer applications");
            at[block] = best;
            load[best] += loads[block];
            used[best] += zoo.Blocks[block].Bytes;

            int Choose(long limit)
            {
                int chosen = -1;
                double least = double.PositiveInfinity;
                for (int device = 0; device < devices; device++)
                {
                    if (used[device] + zoo.Blocks[block].Bytes > limit) continue;
                    double near = options.Locality ? Nearness(block, device, at, handOvers, options.DevicesPerServer) : 0;
                    double score = ((load[device] + loads[block]) / mean) - (options.LocalityWeight * near);
                    if (score < least) (chosen, least) = (device, score);
                }
                return chosen;
            }
        }
        return at;
    }

    /// <summary>How near a block would be to its neighbours, from 0 to 1.</summary>
    private static double Nearness(int block, int device, int[] at, Dictionary<(int, int), double> handOvers, int devicesPerServer)
    {
        double near = 0;
        double all = 0;
        foreach (((int from, int to), double rate) in handOvers)
        {
            if (from != block && to != block) continue;
            all += rate;
            int other = at[from == block ? to : from];
            if (other < 0) continue;
            near += other == device ? rate : other / devicesPerServer == device / devicesPerServer ? SameServer * rate : 0;
        }
        return all > 0 ? near / all : 0;
    }

    /// <summary>Share of the tokens that pass from one block to another; the chain's end passes to its beginning.</summary>
    private static Dictionary<(int From, int To), double> HandOvers(BlockZoo zoo)
    {
        Dictionary<(int, int), double> rates = [];
        foreach (TenantModel model in zoo.Models)
        {
            for (int i = 0; i < model.Chain.Count; i++)
            {
                (int, int) pair = (model.Chain[i], model.Chain[(i + 1) % model.Chain.Count]);
                if (pair.Item1 != pair.Item2) rates[pair] = rates.GetValueOrDefault(pair) + model.Popularity;
            }
        }
        return rates;
    }
}
