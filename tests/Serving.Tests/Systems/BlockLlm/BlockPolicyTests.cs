using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Serving.Systems.BlockLlm;
using Orrery.World.Catalogue;

namespace Orrery.Serving.Tests.Systems.BlockLlm;

public sealed class BlockPolicyTests
{
    private static readonly DispatchCost Owner = new(true, 0.001, 9, 9, 0.1, 0.01, false);

    [Fact]
    public void The_cost_counts_the_cheaper_way_to_have_the_kv_except_at_the_owner()
    {
        Assert.Equal(0.001 + 0.1 + 0.01, Owner.Total, 1e-12);
        Assert.Equal(0.002 + 0.3 + 0.05 + 0.01, new DispatchCost(false, 0.002, 0.4, 0.3, 0.05, 0.01, true).Total, 1e-12);
    }

    [Fact]
    public void The_owner_comes_first_while_the_wait_there_is_put_up_with()
    {
        DispatchCost elsewhere = new(false, 0, 0.001, 0.001, 0, 0.01, true);
        Assert.Equal(1, new BlockDispatch(0.2).Choose([elsewhere, Owner]));
        Assert.Equal(0, new BlockDispatch(0.05).Choose([elsewhere, Owner]));
    }

    [Fact]
    public void Nobody_goes_where_there_is_no_room_for_the_kv()
    {
        DispatchCost full = new(false, 0, 0, 0, 0, 0, false);
        Assert.Equal(0, new BlockDispatch(0.05).Choose([Owner, full]));
        Assert.Equal(-1, new BlockDispatch(0.05).Choose([full]));
    }

    [Fact]
    public void Surrogates_run_only_where_the_way_is_long_against_the_compute_and_hits_are_frequent()
    {
        var rule = new SurrogateRule(1, 0.5);
        Assert.True(rule.Applies(Owner, true, 0.8));
        Assert.False(rule.Applies(Owner, false, 0.8));
        Assert.False(rule.Applies(Owner, true, 0.4));
        Assert.False(rule.Applies(Owner with { Wait = 0 }, true, 0.8));
    }

    [Fact]
    public void Placement_fills_no_device_beyond_its_memory_and_spreads_the_load()
    {
        BlockLlmOptions options = new();
        BlockZoo zoo = BlockZoo.Build([Catalog.Model("llama-7b"), Catalog.Model("llama-13b"), Catalog.Model("llama-33b")], options, RandomStream.Root(2));
        const long capacity = 72_000_000_000;
        int[] at = BlockPlacement.Place(zoo, block => block.Layers, options, capacity);
        Assert.All(Enumerable.Range(0, 12), device => Assert.InRange(zoo.Blocks.Where(block => at[block.Id] == device).Sum(block => block.Bytes), 0, capacity));
        InputException error = Assert.Throws<InputException>(() => BlockPlacement.Place(zoo, block => 1, options with { Servers = 1, DevicesPerServer = 1 }, capacity));
        Assert.Contains("finds no room", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Locality_brings_neighbours_together()
    {
        BlockLlmOptions options = new() { Applications = 4, Bases = "llama-7b", LocalityWeight = 5 };
        BlockZoo zoo = BlockZoo.Build([Catalog.Model("llama-7b")], options, RandomStream.Root(2));
        int remote(BlockLlmOptions with) => Remote(zoo, BlockPlacement.Place(zoo, block => block.Layers, with, 72_000_000_000));
        Assert.True(remote(options) < remote(options with { Locality = false }));
    }

    private static int Remote(BlockZoo zoo, int[] at) => zoo.Models.Sum(model => model.Chain.Zip(model.Chain.Skip(1)).Count(pair => at[pair.First] != at[pair.Second]));
}
