using Orrery.Documents;

namespace Orrery.World.Models;

/// <summary>Reading an architecture from a catalogue entry or an inline description.</summary>
public sealed partial record ModelSpec
{
    /// <summary>No model is wider, longer or deeper.</summary>
    private const int LargestSize = 100_000_000;

    /// <exception cref="Kernel.InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static ModelSpec Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        MapReader attention = map.Required("attention").AsMap();
        MapReader? ffn = map.Map("ffn");
        LatentAttention? latent = ReadLatent(attention.Map("latent"));
        ExpertsSpec? experts = ReadExperts(map.Map("experts"));
        if (ffn is null && experts is null) throw node.Error("a model needs a feed-forward part; write for example ffn: {width: 14336, gated: true}");
        int heads = Size(attention, "heads");
        ModelSpec model = new(
            map.Text("name"),
            Size(map, "layers"),
            Size(map, "hidden"),
            heads,
            latent is null ? Size(attention, "kvHeads") : heads,
            latent is null ? Size(attention, "headWidth") : latent.NopeWidth + latent.RopeWidth,
            ffn is null ? 0 : Size(ffn, "width"),
            ffn?.Bool("gated") ?? true,
            Size(map, "vocabulary"),
            map.Bool("tiedEmbeddings", false),
            map.Required("maxPositions").AsInt(1),
            map.Text("source", $"described at {node.Where}"))
        {
            Latent = latent,
            Experts = experts,
            Window = ReadWindow(map.Map("window")),
            OutputGate = attention.Bool("outputGate", false),
            LearnedPositions = map.Bool("learnedPositions", false),
            ParallelBlock = map.Bool("parallelBlock", false),
            Aliases = [.. map.List("aliases").Select(a => a.AsText())],
        };
        if (map.Map("published") is { } published)
        {
            model = model with
            {
                PublishedBillions = published.Number("total"),
                PublishedActiveBillions = published.Has("active") ? published.Number("active") : null,
            };
            published.Done();
        }
        attention.Done();
        ffn?.Done();
        map.Done();
        model.RequireCountable(node);
        return model;
    }

    /// <summary>Refuses sizes that are fine one by one but together no model, and whose products would overflow.</summary>
    internal void RequireCountable(Node node)
    {
        const int mostLayers = 10_000;
        const double mostParameters = 1e15;
        const double mostCachedElements = 1e9;
        if (Layers > mostLayers) throw node.Error($"{Layers} layers are more than the {mostLayers} that any model has");
        double attention = (double)Hidden * HeadWidth * (2.0 * Heads + (2.0 * KvHeads));
        double latent = Latent is { } l ? ((double)Hidden * (l.QueryRank + l.KvRank + l.RopeWidth)) + (((double)l.QueryRank + l.KvRank) * Heads * ((double)HeadWidth + l.ValueWidth)) : 0;
        double feedForward = 3.0 * Hidden * FfnWidth;
        double experts = Experts is { } e ? 3.0 * Hidden * (((double)e.Count * e.Width) + ((double)e.Shared * e.SharedWidth) + e.Count) : 0;
        double parameters = (2.0 * Vocabulary * Hidden) + ((double)MaxPositions * Hidden) + (Layers * (attention + latent + feedForward + experts));
        if (parameters > mostParameters)
            throw node.Error(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the sizes make a model of more than {mostParameters:0e0} parameters; check them"));
        if (2.0 * KvHeads * HeadWidth > mostCachedElements)
            throw node.Error(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{KvHeads} KV heads of width {HeadWidth} cache more than {mostCachedElements:0e0} elements per token and layer; check them"));
    }

    private static int Size(MapReader map, string key) => map.Required(key).AsInt(1, LargestSize);

    private static LatentAttention? ReadLatent(MapReader? map)
    {
        if (map is null) return null;
        LatentAttention latent = new(
            map.Int("queryRank", 0, 0, LargestSize), Size(map, "kvRank"), Size(map, "ropeWidth"), Size(map, "nopeWidth"), Size(map, "valueWidth"));
        map.Done();
        return latent;
    }

    private static ExpertsSpec? ReadExperts(MapReader? map)
    {
        if (map is null) return null;
        int count = Size(map, "count");
        ExpertsSpec experts = new(
            count,
            map.Required("topK").AsInt(1, count),
            Size(map, "width"),
            map.Int("shared", 0, 0, LargestSize),
            map.Int("sharedWidth", 0, 0, LargestSize),
            map.Int("leadingDenseLayers", 0, 0, LargestSize),
            map.Int("every", 1, 1, LargestSize));
        map.Done();
        return experts;
    }

    private static SlidingWindow? ReadWindow(MapReader? map)
    {
        if (map is null) return null;
        SlidingWindow window = new(Size(map, "tokens"), map.Required("fullEvery").AsInt(0, LargestSize));
        map.Done();
        return window;
    }
}
