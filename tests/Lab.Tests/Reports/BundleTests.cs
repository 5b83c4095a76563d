using System.Diagnostics;
using System.Runtime.CompilerServices;
using Orrery.Lab.Reports;

namespace Orrery.Lab.Tests.Reports;

public sealed class BundleTests
{
    [Fact]
    public void TheCommittedBundleIsWhatTheSourcesBuild()
    {
        string web = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../web"));
        if (!File.Exists(Path.Combine(web, "node_modules/esbuild/package.json"))) Assert.Skip("web/node_modules is not installed (npm ci in web/)");
        string target = Directory.CreateTempSubdirectory("orrery-bundle-").FullName;
        try
        {
            using Process? node = Start(web, target);
            if (node is null) Assert.Skip("node is not installed");
            string problems = node.StandardError.ReadToEnd();
            node.WaitForExit();
            Assert.True(node.ExitCode == 0, problems);
            foreach (string name in new[] { "report.js", "report.css" })
                Assert.True(File.ReadAllText(Path.Combine(target, name)) == Report.Asset(name), $"{name} is out of date: run npm run build in web/ and commit it");
        }
        finally
        {
            Directory.Delete(target, recursive: true);
        }
    }

    [Fact]
    public void TheBundleCarriesTheLicenceOfWhatItContains() =>
        Assert.Contains("Leon Sorokin", Report.Asset("report.js"), StringComparison.Ordinal);

    private static Process? Start(string web, string target)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("node", ["build.mjs", target]) { WorkingDirectory = web, RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
