using System.Xml.Linq;

namespace Orrery.House.Tests;

/// <summary>A project uses only what lies below it, and the wings of one floor do not know each other.</summary>
public sealed class ProjectArrowTests
{
    /// <summary>Floors from the ground up. Documents stands half a floor above the kernel: world and traffic are described in documents.</summary>
    private static readonly Dictionary<string, double> Floors = new()
    {
        ["Kernel"] = 0,
        ["Documents"] = 0.5,
        ["World"] = 1,
        ["Traffic"] = 1,
        ["Engine"] = 1,
        ["Serving"] = 2,
        ["Training"] = 2,
        ["Federated"] = 2,
        ["Operations"] = 2,
        ["Testing"] = 2.5,
        ["Lab"] = 3,
        ["Live"] = 3,
        ["Cli"] = 4,
    };

    public static TheoryData<string> Projects() => [.. Repository.Files("src", "*.csproj")];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_uses_only_lower_floors(string project)
    {
        string name = Path.GetFileNameWithoutExtension(project);
        Assert.True(Floors.ContainsKey(name), $"{name} has no floor yet; add it to the table of this test and to docs/concepts.md");
        string[] tooHigh = [.. ReferencesOf(project).Where(other => Floors[other] >= Floors[name])];
        Assert.True(tooHigh.Length == 0, $"{name} (floor {Floors[name]}) must not use {string.Join(", ", tooHigh)}");
    }

    [Fact]
    public void Nothing_that_ships_uses_the_test_fakes()
    {
        string[] users = [.. Repository.Files("src", "*.csproj").Where(project => ReferencesOf(project).Contains("Testing"))];
        Assert.Empty(users);
    }

    [Fact]
    public void Every_project_is_in_the_solution_and_has_a_test_project()
    {
        string solution = Repository.Read("Orrery.slnx");
        foreach (string project in Repository.Files("src", "*.csproj").Concat(Repository.Files("tests", "*.csproj")))
            Assert.Contains($"\"{project}\"", solution, StringComparison.Ordinal);
        foreach (string project in Repository.Files("src", "*.csproj"))
        {
            string name = Path.GetFileNameWithoutExtension(project);
            if (name != "Testing") Assert.True(File.Exists(Repository.At("tests", $"{name}.Tests", $"{name}.Tests.csproj")), $"{name} has no test project");
        }
    }

    [Fact]
    public void Package_versions_stand_in_one_file()
    {
        foreach (string project in Repository.Files("src", "*.csproj").Concat(Repository.Files("tests", "*.csproj")).Concat(Repository.Files("bench", "*.csproj")))
            Assert.DoesNotContain(XDocument.Load(Repository.At(project)).Descendants("PackageReference"), package => package.Attribute("Version") is not null);
    }

    [Fact]
    public void Every_central_package_is_used()
    {
        IEnumerable<string> projects = Repository.Files("src", "*.csproj").Concat(Repository.Files("tests", "*.csproj")).Concat(Repository.Files("bench", "*.csproj"))
            .Concat(["src/Directory.Build.props", "tests/Directory.Build.props"]);
        HashSet<string> used = [.. projects.SelectMany(p => XDocument.Load(Repository.At(p)).Descendants("PackageReference")).Select(p => p.Attribute("Include")!.Value)];
        string[] unused = [.. XDocument.Load(Repository.At("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(p => p.Attribute("Include")!.Value).Where(name => !used.Contains(name) && name is not ("BenchmarkDotNet" or "Microsoft.Playwright"))];
        Assert.Empty(unused);
    }

    private static IEnumerable<string> ReferencesOf(string project) =>
        XDocument.Load(Repository.At(project)).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
}
