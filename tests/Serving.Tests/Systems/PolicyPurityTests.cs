using System.Text.RegularExpressions;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Policies must not see the hidden truth: the source of systems and routers never names it.</summary>
public sealed partial class PolicyPurityTests
{
    [Theory]
    [InlineData("Systems")]
    [InlineData("Routing")]
    [InlineData("Scheduling")]
    public void PoliciesNeverTouchTheRequest(string folder)
    {
        string[] files = Directory.GetFiles(Path.Combine(SourceRoot(), "src", "Serving", folder), "*.cs", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            string[] lines = File.ReadAllLines(file);
            for (int i = 0; i < lines.Length; i++)
                Assert.False(Hidden().IsMatch(Comment().Replace(lines[i], "")), $"{file}:{i + 1}: a policy may not know this: {lines[i].Trim()}");
        }
    }

    [Theory]
    [InlineData("int n = sequence.Request.PromptTokens;", true)]
    [InlineData("int n = request.OutputTokens;", true)]
    [InlineData("int n = sequence.RemainingTokens;", true)]
    [InlineData("int n = sequence.PredictedOutputTokens;", false)]
    [InlineData("// sequence.Request is hidden", false)]
    public void TheRuleFindsWhatItShould(string line, bool isHidden) =>
        Assert.Equal(isHidden, Hidden().IsMatch(Comment().Replace(line, "")));

    [GeneratedRegex(@"\.Request\b|\bOutputTokens\b|\bOutputLimit\b|\.RemainingTokens\b|\bOutputContentId\b")]
    private static partial Regex Hidden();

    [GeneratedRegex(@"//.*$")]
    private static partial Regex Comment();

    private static string SourceRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Orrery.slnx"))) return folder.FullName;
        Assert.Skip("the tests do not run inside the source tree");
        return "";
    }
}
