using Orrery.Kernel.Random;
using Orrery.World.Models;

namespace Orrery.Serving.Systems.BlockLlm;

/// <summary>How the models of the tenants are stored and served.</summary>
public enum StoreKind
{
    /// <summary>PM: one engine for each application, with weights of its own.</summary>
    PerModel,

    /// <summary>PS: applications with adapters share one whole backbone; full fine-tunes have engines of their own.</summary>
    SharedModels,

    /// <summary>BlockLLM: models are cut into blocks and equal or equivalent ones are stored once.</summary>
    Blocks,
}

/// <summary>A run of layers that is stored, queued for, batched and replicated as one.</summary>
/// <param name="Id">Its place in the zoo.</param>
/// <param name="Base">Index of the base model whose shapes it has.</param>
/// <param name="FirstLayer">First layer.</param>
/// <param name="Layers">How many.</param>
/// <param name="Bytes">Weights, with the adapters of all applications that go through it.</param>
/// <param name="HasAdapters">True when some application adds an adapter to it.</param>
/// <param name="Name">For tables.</param>
public sealed record ModelBlock(int Id, int Base, int FirstLayer, int Layers, long Bytes, bool HasAdapters, string Name);

/// <summary>One tenant's model.</summary>
/// <param name="Id">Its place in the zoo.</param>
/// <param name="Base">Index of its base model.</param>
/// <param name="IsAdapter">True for a LoRA-like variant, false for a full fine-tune.</param>
/// <param name="Popularity">Share of all requests.</param>
/// <param name="Chain">The blocks that a token passes, in order.</param>
public sealed record TenantModel(int Id, int Base, bool IsAdapter, double Popularity, IReadOnlyList<int> Chain);

/// <summary>
/// The offline zoo: which layers of which application are equivalent to those of its base, and the blocks and chains that follow. Blocks
/// are cut lazily: a run of layers is split only where sharing begins or ends, so that chains stay short.
/// </summary>
/// <param name="Bases">The base models.</param>
/// <param name="Blocks">All blocks.</param>
/// <param name="Models">All applications.</param>
public sealed record BlockZoo(IReadOnlyList<ModelSpec> Bases, IReadOnlyList<ModelBlock> Blocks, IReadOnlyList<TenantModel> Models)
{
    /// <summary>Segments of a model between which sharing may begin or end (d).</summary>
    public const int Segments = 8;

    private const double WeightBytes = 2;

    /// <summary>Bytes of all blocks, each once.</summary>
    public long StoredBytes => Blocks.Sum(block => block.Bytes);

    /// <summary>Share of all tokens that pass from one block to another; a chain's end passes to its beginning.</summary>
    public IReadOnlyDictionary<(int From, int To), double> HandOvers { get; } = Count(Models);

    /// <summary>First layer of a segment of a model.</summary>
    public static int FirstLayerOf(ModelSpec model, int segment) => segment * model.Layers / Segments;

    /// <param name="bases">The base models; applications take them in turn.</param>
    /// <param name="options">How many applications, how alike, and the threshold.</param>
    /// <param name="random">Who is popular, and which layers are alike. The same for every kind of store.</param>
    public static BlockZoo Build(IReadOnlyList<ModelSpec> bases, BlockLlmOptions options, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(bases);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        List<ModelBlock> blocks = [];
        var chains = new IReadOnlyList<int>[options.Applications];
        int adapters = (int)Math.Round(options.AdapterShare * options.Applications);
        // Adapters and fine-tunes lie evenly among the applications, and so do the bases.
        bool[] isAdapter = [.. Enumerable.Range(0, options.Applications).Select(app => (long)(app + 1) * adapters / options.Applications > (long)app * adapters / options.Applications)];
        for (int model = 0; model < bases.Count; model++)
        {
            int[] members = [.. Enumerable.Range(0, options.Applications).Where(app => app % bases.Count == model)];
            bool[][] shares = [.. members.Select(app => Shared(isAdapter[app], app, options, random.Split("likeness").Split(app)))];
            CutGroup(bases[model], model, members, shares, isAdapter, options, blocks, chains);
        }
        double[] popularity = Popularity(options, random.Split("popularity"));
        return new(bases, blocks, [.. chains.Select((chain, app) => new TenantModel(app, app % bases.Count, isAdapter[app], popularity[app], chain))]);
    }

    /// <summary>
    /// Similarities of a fine-tune's segments to those of its base: a contiguous run, a random share of all between least and most, is
    /// above the default threshold, falling linearly from the middle of that run; a higher threshold leaves fewer.
    /// </summary>
    public static double[] Similarities(double share, int offset)
    {
        // The run of equivalents ends where the similarity falls to the published threshold's value.
        const double atEdge = BlockLlmOptions.DefaultThreshold;
        var similar = new double[Segments];
        double run = share * Segments;
        for (int rank = 0; rank < Segments; rank++) similar[(offset + rank) % Segments] = 1 - ((1 - atEdge) * ((rank + 0.5) / run));
        return similar;
    }

    private static Dictionary<(int From, int To), double> Count(IReadOnlyList<TenantModel> models)
    {
        Dictionary<(int, int), double> rates = [];
        foreach (TenantModel model in models)
        {
            for (int i = 0; i < model.Chain.Count; i++)
            {
                (int, int) pair = (model.Chain[i], model.Chain[(i + 1) % model.Chain.Count]);
                if (pair.Item1 != pair.Item2) rates[pair] = rates.GetValueOrDefault(pair) + model.Popularity;
            }
        }
        return rates;
    }

    private static bool[] Shared(bool isAdapter, int app, BlockLlmOptions options, RandomStream random)
    {
        double share = options.LeastShared + ((options.MostShared - options.LeastShared) * random.NextDouble());
        int offset = random.NextInt(Segments);
        if (options.Store == StoreKind.PerModel) return new bool[Segments];
        if (isAdapter) return [.. Enumerable.Repeat(true, Segments)];
        if (options.Store == StoreKind.SharedModels || !options.Equivalence || share <= 0) return new bool[Segments];
        return [.. Similarities(share, offset).Select(similarity => similarity >= options.Threshold)];
    }

    private static void CutGroup(
        ModelSpec model, int index, int[] members, bool[][] shares, bool[] isAdapter, BlockLlmOptions options, List<ModelBlock> blocks, IReadOnlyList<int>[] chains)
    {
        int[] users = [.. Enumerable.Range(0, Segments).Select(segment => shares.Count(share => share[segment]))];
        int adapters = members.Where((_, i) => shares[i].All(shared => shared)).Count(app => isAdapter[app]);
        // The base's runs end where some application's sharing begins or ends.
        var sharedBlock = new int[Segments];
        for (int segment = 0; segment < Segments; segment++)
        {
            sharedBlock[segment] = -1;
            if (users[segment] == 0) continue;
            bool goesOn = segment > 0 && sharedBlock[segment - 1] >= 0 && shares.All(share => share[segment] == share[segment - 1]);
            if (goesOn)
            {
                sharedBlock[segment] = sharedBlock[segment - 1];
                continue;
            }
            int end = segment + 1;
            while (end < Segments && shares.All(share => share[end] == share[segment])) end++;
            sharedBlock[segment] = Add(blocks, model, index, segment, end, 1 + (options.AdapterSize * adapters), adapters > 0, $"{model.Name}/shared");
        }
        for (int i = 0; i < members.Length; i++)
        {
            List<int> chain = [];
            for (int segment = 0; segment < Segments;)
            {
                if (shares[i][segment])
                {
                    if (chain.Count == 0 || chain[^1] != sharedBlock[segment]) chain.Add(sharedBlock[segment]);
                    segment++;
                    continue;
                }
                int end = segment + 1;
                while (end < Segments && !shares[i][end]) end++;
                chain.Add(Add(blocks, model, index, segment, end, 1, false, $"{model.Name}/app{members[i]}"));
                segment = end;
            }
            chains[members[i]] = chain;
        }
    }

    private static int Add(List<ModelBlock> blocks, ModelSpec model, int index, int segment, int end, double factor, bool hasAdapters, string owner)
    {
        int first = FirstLayerOf(model, segment);
        int layers = FirstLayerOf(model, end) - first;
        long bytes = (long)(model.TotalParameters * WeightBytes * layers / model.Layers * factor);
        blocks.Add(new(blocks.Count, index, first, layers, bytes, hasAdapters, $"{owner}[{first}..{first + layers})"));
        return blocks.Count - 1;
    }

    /// <summary>Zipf over the ranks, dealt to the applications at random.</summary>
    private static double[] Popularity(BlockLlmOptions options, RandomStream random)
    {
        double[] weights = [.. Enumerable.Range(1, options.Applications).Select(rank => Math.Pow(rank, -options.ZipfExponent))];
        for (int i = weights.Length - 1; i > 0; i--)
        {
            int j = random.NextInt(i + 1);
            (weights[i], weights[j]) = (weights[j], weights[i]);
        }
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }
}
