using Orrery.Kernel;
using Orrery.Serving.Systems.TpiLlm;
using Orrery.World.Catalogue;
using Orrery.World.Models;

namespace Orrery.Serving.Tests.Systems.TpiLlm;

public sealed class HeadSplitTests
{
    [Theory]
    [InlineData(64, new[] { 1.0, 1, 1, 1, 1, 1, 1, 1 }, new[] { 8, 8, 8, 8, 8, 8, 8, 8 })]
    [InlineData(32, new[] { 1.0, 1, 1 }, new[] { 10, 11, 11 })]
    [InlineData(8, new[] { 2.0, 1, 1 }, new[] { 4, 2, 2 })]
    [InlineData(56, new[] { 1.0, 1, 1, 1, 1 }, new[] { 11, 11, 11, 11, 12 })]
    [InlineData(12, new[] { 0.1, 0.2, 0.3, 0.4 }, new[] { 1, 2, 4, 5 })]
    public void WhatIsLeftGoesToTheLastNodes(int units, double[] ratios, int[] expected) => Assert.Equal(expected, HeadSplit.Of(units, ratios));

    [Fact]
    public void NothingIsLostWhateverTheRatios()
    {
        for (int units = 1; units < 200; units++)
        {
            double[] ratios = [.. Enumerable.Range(0, (units % 7) + 1).Select(i => 0.1 + ((units * (i + 3)) % 11))];
            int[] parts = HeadSplit.Of(units, ratios);
            Assert.Equal(units, parts.Sum());
            Assert.All(parts, part => Assert.True(part >= 0));
        }
    }

    [Theory]
    [InlineData("llama-2-70b", 8)]
    [InlineData("llama-2-7b", 5)]
    [InlineData("yi-34b", 4)]
    public void TheSharesOfAllNodesAreTheModel(string name, int nodes)
    {
        ModelSpec model = Catalog.Model(name);
        var cut = new ShardedModel(model, [.. Enumerable.Repeat(1.0, nodes)], 4);
        double bytes = Enumerable.Range(0, nodes).Sum(cut.WeightBytes);
        double parameters = (model.Layers * (model.QkvParameters + model.OutputParameters + model.DenseFfnParameters)) + (2 * model.EmbeddingParameters);
        Assert.Equal(4 * parameters, bytes);
        Assert.Equal(1, bytes / (4.0 * model.TotalParameters), 3);
    }

    [Fact]
    public void WhatCannotBeCutIsRefused()
    {
        Assert.Contains("at most 8 nodes", Assert.Throws<InputException>(() => new ShardedModel(Catalog.Model("llama-2-70b"), [.. Enumerable.Repeat(1.0, 9)], 4)).Message, StringComparison.Ordinal);
        Assert.Contains("node 0 would get no head", Assert.Throws<InputException>(() => new ShardedModel(Catalog.Model("llama-2-70b"), [0.001, 1, 1], 4)).Message, StringComparison.Ordinal);
        Assert.Contains("name a dense model", Assert.Throws<InputException>(() => new ShardedModel(Catalog.Model("mixtral-8x7b"), [1, 1], 4)).Message, StringComparison.Ordinal);
    }
}
