using Orrery.Kernel.Random;
using Orrery.Lab.Scenarios;
using Orrery.World.Catalogue;
using Orrery.World.Profiles;

namespace Orrery.Lab.Runs;

/// <summary>The same scenario on devices that differ from their profiles as the true ones may.</summary>
public static class ProfileUncertainty
{
    /// <summary>The stream of the seed that decides the draws.</summary>
    public const string Stream = "uncertainty";

    /// <summary>How far step times may lie from a profile; one that states no errors has those of what was learnt on other devices.</summary>
    public static ProfileSpread SpreadOf(CostProfile profile, EngineProfile engine) =>
        ProfileSpread.Of(profile, engine, Catalog.Profiles.FirstOrDefault(other => other.IsTransfer));

    /// <summary>One scenario a draw; equal deployments of a fleet err alike.</summary>
    /// <param name="scenario">As its profiles say.</param>
    public static IReadOnlyList<Scenario> Draws(Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        IReadOnlyList<ProfileFactors>[] factors = [.. scenario.Fleet.Select(entry => FactorsOf(entry.Deployment.Profile, entry.Deployment.Engine, scenario.Seed))];
        return [.. Enumerable.Range(0, ProfileDraws.Count).Select(draw => With(scenario, [.. factors.Select(entry => entry[draw])]))];
    }

    /// <summary>The factors of each draw.</summary>
    public static IReadOnlyList<ProfileFactors> FactorsOf(CostProfile profile, EngineProfile engine, ulong seed) =>
        ProfileDraws.Of(SpreadOf(profile, engine), RandomStream.Root(seed).Split(Stream));

    /// <summary>The same scenario with slower or faster devices.</summary>
    /// <param name="scenario">As its profiles say.</param>
    /// <param name="factors">For each entry of the fleet.</param>
    public static Scenario With(Scenario scenario, IReadOnlyList<ProfileFactors> factors)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(factors);
        return scenario with { Fleet = [.. scenario.Fleet.Zip(factors, Slowed)], Expect = [] };
    }

    private static FleetEntry Slowed(FleetEntry entry, ProfileFactors factors) => entry with
    {
        Design = entry.Design with
        {
            Deployment = entry.Deployment.Slowed(factors),
            Draft = entry.Design.Draft is { Model: { } model } draft ? draft with { Model = model.Slowed(factors) } : entry.Design.Draft,
        },
    };
}
