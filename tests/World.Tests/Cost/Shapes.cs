using Orrery.Kernel.Random;
using Orrery.World.Steps;

namespace Orrery.World.Tests.Cost;

/// <summary>A step written down as lists, so that tests can change it and build its shape anew.</summary>
internal sealed record Shape(IReadOnlyList<(int Context, int Queries)> Decodes, IReadOnlyList<PrefillChunk> Chunks)
{
    public static Shape OfDecodes(int sequences, int context) => new([.. Enumerable.Repeat((context, 1), sequences)], []);

    public static Shape OfPrompt(int tokens, int history = 0) => new([], [new(tokens, history, Finishes: true)]);

    /// <summary>The shape of step k of a stable run.</summary>
    public Shape Advanced(int k) => this with { Decodes = [.. Decodes.Select(d => (d.Context + k, d.Queries))] };

    public StepShape Build()
    {
        var shape = new StepShape();
        foreach ((int context, int queries) in Decodes) shape.AddDecode(context, queries);
        foreach (PrefillChunk chunk in Chunks) shape.AddChunk(chunk);
        return shape;
    }

    public static Shape Random(RandomStream random)
    {
        int decodes = random.NextInt(40);
        int chunks = random.NextInt(4);
        if (decodes + chunks == 0) decodes = 1;
        return new(
            [.. Enumerable.Range(0, decodes).Select(_ => (8 + random.NextInt(random.NextInt(2) == 0 ? 300 : 9000), random.NextInt(5) == 0 ? 4 : 1))],
            [.. Enumerable.Range(0, chunks).Select(_ => new PrefillChunk(1 + random.NextInt(900), random.NextInt(6000), random.NextInt(2) == 0))]);
    }
}
