using System.Text.Json;
using System.Text.RegularExpressions;
using Orrery.Documents;

namespace Orrery.House.Tests;

/// <summary>The papers of the house: licence, change log, guides, sources of the catalogue, lock files.</summary>
public sealed partial class PapersTests
{
    [Fact]
    public void The_licence_is_the_whole_Apache_licence()
    {
        string licence = Repository.Read("LICENSE");
        Assert.Contains("Apache License", licence, StringComparison.Ordinal);
        Assert.Contains("Version 2.0, January 2004", licence, StringComparison.Ordinal);
        Assert.Contains("END OF TERMS AND CONDITIONS", licence, StringComparison.Ordinal);
    }

    [Fact]
    public void The_change_log_has_an_entry_for_this_version()
    {
        string version = VersionElement().Match(Repository.Read("Directory.Build.props")).Groups[1].Value;
        string log = Repository.Read("CHANGELOG.md");
        int at = log.IndexOf($"## {version}", StringComparison.Ordinal);
        Assert.True(at >= 0, $"CHANGELOG.md has no section '## {version}'");
        Assert.Contains("\n- ", log[at..], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("docs/concepts.md")]
    [InlineData("docs/request-walk.md")]
    [InlineData("docs/claims.md")]
    [InlineData("docs/elastic.md")]
    [InlineData("docs/experiments.md")]
    [InlineData("docs/fleets.md")]
    [InlineData("docs/lending.md")]
    [InlineData("scenarios/README.md")]
    public void Guides_exist_and_their_links_lead_somewhere(string guide)
    {
        string text = Repository.Read(guide);
        string folder = Path.GetDirectoryName(guide) ?? "";
        foreach (Match link in LocalLink().Matches(text))
        {
            string target = link.Groups[1].Value.Split('#')[0];
            string path = Repository.At(folder, target);
            Assert.True(File.Exists(path) || Directory.Exists(path), $"{guide} links to {target}, which does not exist");
        }
        foreach (Match name in SourceFile().Matches(text))
        {
            string path = Repository.At(name.Groups[1].Value);
            Assert.True(File.Exists(path) || Directory.Exists(path), $"{guide} names {name.Groups[1].Value}, which does not exist");
        }
    }

    public static TheoryData<string> CatalogueFiles() => [.. Repository.Files("catalog", "*.yaml")];

    [Theory]
    [MemberData(nameof(CatalogueFiles))]
    public void Every_catalogue_entry_names_its_source(string file)
    {
        Node root = Document.Load(Repository.At(file));
        foreach (Node entry in root.Kind == NodeKind.Sequence ? root.Items : [root])
        {
            Node? source = entry["source"];
            Assert.True(source is not null, $"{entry.Where}: this entry names no source");
            if (source.Kind == NodeKind.Scalar) Assert.False(string.IsNullOrWhiteSpace(source.Text), $"{entry.Where}: the source is empty");
        }
    }

    public static TheoryData<string> LockedProjects() => [.. Repository.Files("src", "*.csproj").Concat(Repository.Files("tests", "*.csproj"))];

    [Theory]
    [MemberData(nameof(LockedProjects))]
    public void Lock_files_hold_what_the_project_asks_for(string project)
    {
        string lockFile = Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json");
        Assert.True(File.Exists(Repository.At(lockFile)), $"{lockFile} is missing; build once and commit it");
        using JsonDocument document = JsonDocument.Parse(Repository.Read(lockFile));
        HashSet<string> direct =
        [
            .. document.RootElement.GetProperty("dependencies").GetProperty("net10.0").EnumerateObject()
                .Where(package => package.Value.GetProperty("type").GetString() == "Direct").Select(package => package.Name),
        ];
        HashSet<string> asked = [.. Packages(project)];
        Assert.True(direct.SetEquals(asked), $"{lockFile} holds {string.Join(", ", direct)}, the project asks for {string.Join(", ", asked)}; build once and commit it");
        Assert.Contains("net10.0/linux-x64", document.RootElement.GetProperty("dependencies").EnumerateObject().Select(target => target.Name));
    }

    private static IEnumerable<string> Packages(string project)
    {
        string name = Path.GetFileNameWithoutExtension(project);
        string shared = project.StartsWith("tests/", StringComparison.Ordinal) ? "tests/Directory.Build.props"
            : name is "Kernel" or "World" or "Traffic" or "Serving" or "Operations" ? "src/Directory.Build.props" : "";
        string text = Repository.Read(project) + (shared.Length > 0 ? Repository.Read(shared) : "");
        return PackageName().Matches(text).Select(match => match.Groups[1].Value);
    }

    [GeneratedRegex("<Version>([^<]+)</Version>")]
    private static partial Regex VersionElement();

    [GeneratedRegex(@"\]\((?!https?:|#)([^)]+)\)")]
    private static partial Regex LocalLink();

    [GeneratedRegex(@"`((?:src|tests|catalog|scenarios|schema|docs|eng)/[\w./-]*\w)`")]
    private static partial Regex SourceFile();

    [GeneratedRegex("PackageReference Include=\"([^\"]+)\"")]
    private static partial Regex PackageName();
}
