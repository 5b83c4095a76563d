using Orrery.Kernel.Random;
using Orrery.Serving.Systems.BlockLlm;
using Orrery.World.Catalogue;
using Orrery.World.Models;

namespace Orrery.Serving.Tests.Systems.BlockLlm;

public sealed class BlockZooTests
{
    private static readonly ModelSpec[] Bases = [Catalog.Model("llama-7b"), Catalog.Model("llama-13b")];
    private static readonly BlockLlmOptions Ten = new() { Applications = 10 };

    [Theory]
    [InlineData(StoreKind.PerModel)]
    [InlineData(StoreKind.SharedModels)]
    [InlineData(StoreKind.Blocks)]
    public void Every_chain_covers_all_layers_of_its_base_once(StoreKind store)
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            BlockZoo zoo = BlockZoo.Build(Bases, Ten with { Store = store }, RandomStream.Root(seed));
            Assert.Equal(1, zoo.Models.Sum(model => model.Popularity), 1e-12);
            foreach (TenantModel model in zoo.Models)
            {
                int layer = 0;
                foreach (ModelBlock block in model.Chain.Select(id => zoo.Blocks[id]))
                {
                    Assert.Equal((model.Base, layer), (block.Base, block.FirstLayer));
                    layer += block.Layers;
                }
                Assert.Equal(Bases[model.Base].Layers, layer);
            }
            Assert.Equal(zoo.Blocks.Count, zoo.Models.SelectMany(model => model.Chain).Distinct().Count());
        }
    }

    [Fact]
    public void An_engine_for_each_stores_every_model_and_a_shared_backbone_one_for_all_adapters()
    {
        BlockZoo separate = BlockZoo.Build(Bases, Ten with { Store = StoreKind.PerModel }, RandomStream.Root(1));
        Assert.Equal(10, separate.Blocks.Count);
        Assert.Equal(5 * 2 * (Bases[0].TotalParameters + Bases[1].TotalParameters), separate.StoredBytes);
        BlockZoo shared = BlockZoo.Build(Bases, Ten with { Store = StoreKind.SharedModels }, RandomStream.Root(1));
        // Six of ten are adapters: two backbones and four fine-tunes.
        Assert.Equal(6, shared.Blocks.Count);
        Assert.All(shared.Models, model => Assert.Single(model.Chain));
        Assert.Equal(2, shared.Models.Where(model => model.IsAdapter).Select(model => model.Chain[0]).Distinct().Count());
    }

    [Fact]
    public void Without_fine_tunes_the_blocks_are_the_backbones_with_their_adapters()
    {
        BlockZoo zoo = BlockZoo.Build([Bases[0]], Ten with { AdapterShare = 1 }, RandomStream.Root(1));
        ModelBlock block = Assert.Single(zoo.Blocks);
        Assert.Equal(2.0 * Bases[0].TotalParameters * 1.1, block.Bytes, 1.0);
        Assert.True(block.HasAdapters);
    }

    [Fact]
    public void Sharing_falls_with_the_threshold_and_ends_without_equivalence()
    {
        long before = 0;
        foreach (double threshold in (double[])[0.9, 0.98, 0.99, 1.01])
        {
            long stored = BlockZoo.Build(Bases, Ten with { Threshold = threshold }, RandomStream.Root(3)).StoredBytes;
            Assert.True(stored >= before, $"{threshold}: {stored} after {before}");
            before = stored;
        }
        Assert.Equal(before, BlockZoo.Build(Bases, Ten with { Equivalence = false }, RandomStream.Root(3)).StoredBytes);
        Assert.True(BlockZoo.Build(Bases, Ten, RandomStream.Root(3)).StoredBytes < before);
    }

    [Fact]
    public void The_asked_share_of_segments_is_above_the_threshold_in_one_run()
    {
        double[] similar = BlockZoo.Similarities(0.5, 6);
        Assert.Equal([true, true, false, false, false, false, true, true], similar.Select(value => value >= BlockLlmOptions.DefaultThreshold));
        Assert.Equal(1 - (0.02 * 0.5 / 4), similar[6], 1e-12);
    }

    [Fact]
    public void Blocks_are_cut_only_where_somebody_s_sharing_begins_or_ends()
    {
        BlockZoo zoo = BlockZoo.Build([Bases[0]], new BlockLlmOptions { Applications = 2, AdapterShare = 0.5 }, RandomStream.Root(5));
        TenantModel adapter = zoo.Models.Single(model => model.IsAdapter);
        TenantModel tuned = zoo.Models.Single(model => !model.IsAdapter);
        int[] shared = [.. adapter.Chain.Intersect(tuned.Chain)];
        Assert.NotEmpty(shared);
        // One run of equivalents, cut in two at most when it goes round the end: two to four cuts of the base.
        Assert.InRange(adapter.Chain.Count, 2, 3);
        Assert.InRange(tuned.Chain.Count, 2, 3);
        Assert.All(tuned.Chain.Except(shared), block => Assert.False(zoo.Blocks[block].HasAdapters));
    }

    [Fact]
    public void Tenants_keep_their_popularity_in_every_store()
    {
        double[] separate = [.. BlockZoo.Build(Bases, Ten with { Store = StoreKind.PerModel }, RandomStream.Root(9)).Models.Select(model => model.Popularity)];
        double[] blocks = [.. BlockZoo.Build(Bases, Ten, RandomStream.Root(9)).Models.Select(model => model.Popularity)];
        Assert.Equal(separate, blocks);
        Assert.Equal(10, separate.Max() / separate.Min(), 1e-9);
    }
}
